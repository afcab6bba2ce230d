#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/bindings/binding.h"
#include "broker/engine/event_subscription.h"
#include "broker/engine/registrar.h"
#include "broker/flow/flow_token.h"
#include "broker/flow/owner.h"

namespace flowbroker::engine {

/// What a flow token is worth (E4).
struct TokenVerdict {
  enum class State : std::uint8_t {
    kLive,    ///< its flow is open
    kGone,    ///< a key of ours made it; its flow is not there, or not the caller's
    kForged,  ///< none of our keys made it; not to be told from kGone by algorithm 1
  };
  State state;
  int sip_status = 0;                               ///< what to answer; 0 where kLive
  std::optional<flow::FlowId> flow = std::nullopt;  ///< set exactly where kLive
  std::optional<flow::FlowAddresses> addresses =
      std::nullopt;  ///< what it says; nothing where kForged, or kGone by algorithm 1
};

/// Tokens and bindings of the flows of a broker: the part of an edge proxy and of a registrar (RFC 5626 s.5, s.6). Any
/// thread; nothing here blocks on the network.
class EdgeAccess {
 public:
  virtual ~EdgeAccess() = default;

  /// kUnknownFlow for a flow that `scope` does not cover.
  virtual Expected<std::string> MintToken(const flow::FlowId& id, const flow::Scope& scope) = 0;
  virtual TokenVerdict VerifyToken(std::string_view token, const flow::Scope& scope) = 0;

  /// All of `requests` or none. The tenant of the keys is whose bindings they are; the flow must be covered by `scope`.
  /// kUnknownFlow where it is not open, kInvalidArgument and kLimitReached as BindingTable says.
  /// @pre there is one at least, and all are of one AOR and one flow
  virtual Expected<std::vector<bindings::BindOutcome>> Bind(std::span<const bindings::BindRequest> requests,
                                                            const flow::Scope& scope) = 0;
  /// How many were taken out: 0 or 1.
  virtual std::size_t Unbind(const bindings::BindingKey& key) = 0;
  virtual std::vector<bindings::Binding> UnbindAll(const std::string& tenant, const std::string& aor) = 0;
  virtual std::vector<bindings::LookupTarget> Lookup(const std::string& tenant, const std::string& aor) = 0;

  /// Events of `tenant` (absent: of all) after `after_sequence` (absent: from now on), in order, pushed to `sink` on
  /// whatever thread causes them, possibly with locks held: it must be quick and must not call back. Nothing where
  /// those events are no longer kept.
  using EventSink = std::function<void(const RegistrationEvent&)>;
  virtual std::unique_ptr<EventSubscription> WatchBindings(std::optional<std::uint64_t> after_sequence,
                                                           std::optional<std::string> tenant, EventSink sink) = 0;
  virtual std::uint64_t LatestBindingEvent() const = 0;
};

}  // namespace flowbroker::engine
