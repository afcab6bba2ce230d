#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/engine/edge_access.h"

namespace flowbroker::engine {

/// Knows one flow and one token, "live", and keeps bindings as they come.
class FakeEdge final : public EdgeAccess {
 public:
  explicit FakeEdge(flow::FlowId known) : known_(known) {}

  Expected<std::string> MintToken(const flow::FlowId& id, const flow::Scope& scope) override;
  TokenVerdict VerifyToken(std::string_view token, const flow::Scope& scope) override;
  Expected<std::vector<bindings::BindOutcome>> Bind(std::span<const bindings::BindRequest> requests,
                                                    const flow::Scope& scope) override;
  std::size_t Unbind(const bindings::BindingKey& key) override;
  std::vector<bindings::Binding> UnbindAll(const std::string& tenant, const std::string& aor) override;
  std::vector<bindings::LookupTarget> Lookup(const std::string& tenant, const std::string& aor) override;
  std::unique_ptr<EventSubscription> WatchBindings(std::optional<std::uint64_t> after_sequence,
                                                   std::optional<std::string> tenant, EventSink sink) override;
  std::uint64_t LatestBindingEvent() const override { return 0; }

  /// All that was bound and not taken out.
  std::vector<bindings::Binding> bound() const {
    const std::lock_guard lock(mutex_);
    return bound_;
  }

 private:
  const flow::FlowId known_;
  mutable std::mutex mutex_;
  std::vector<bindings::Binding> bound_;
};

}  // namespace flowbroker::engine
