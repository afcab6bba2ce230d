#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "broker/base/time.h"
#include "broker/engine/broker_state.h"
#include "broker/engine/flow_sets.h"
#include "broker/engine/outbound_access.h"
#include "broker/engine/shard.h"
#include "broker/net/system_random.h"

namespace flowbroker::engine {

/// Drives the FlowSets of a broker: the lock under which they run, one timer, and their orders, which the shards carry
/// out after the lock is released. It is never held while a shard is called. Lives between the start of the shards and
/// their end.
class BrokerOutbound final : public OutboundAccess {
 public:
  using Shards = std::vector<std::unique_ptr<Shard>>;

  BrokerOutbound(BrokerState& state, const Clock& clock, const Shards& shards);

  /// Nothing is opened or told from now on. To be called before the shards stop; idempotent.
  void Stop();

  void Ensure(FlowSetRequest request, FlowSetCallback done) override;
  Expected<FlowSetView> Get(const std::string& tenant, const std::string& name) override;
  std::vector<FlowSetView> List(std::optional<std::uint64_t> after, std::size_t count,
                                const flow::Scope& scope) override;
  void Delete(const std::string& tenant, const std::string& name, DeletedCallback done) override;
  Expected<void> Report(const std::string& tenant, const std::string& name, const RegistrationReport& report) override;
  Expected<std::unique_ptr<EventSubscription>> Watch(std::optional<std::uint64_t> after_sequence,
                                                     const std::string& tenant, const std::string& name,
                                                     EventSink sink) override;
  std::uint64_t LatestEvent() const override { return sets_.events().latest(); }
  Expected<void> Restore(std::vector<outbound::FlowSetSpec> specs) override;
  FlowSetSpecs Specs() const override;
  void KeepIn(FlowSetStore store) override;

 private:
  /// Runs `decide(now)` under the lock and has the orders carried out.
  template <typename Decide>
  auto Decided(Decide&& decide) {
    std::unique_lock lock(mutex_);
    if constexpr (std::is_void_v<decltype(decide(clock_.Now()))>) {
      decide(clock_.Now());
      Conclude(std::move(lock));
    } else {
      auto result = decide(clock_.Now());
      Conclude(std::move(lock));
      return result;
    }
  }
  /// Calls `done` once what is there now is kept.
  void WhenKept(FlowSetsKept done);
  void Conclude(std::unique_lock<std::mutex> lock);
  void Open(const FlowSetOrder& order, const outbound::OpenFlow& open);
  void Close(const flow::FlowId& flow);
  bool IsOpen(const flow::FlowId& flow) const;
  void OnAcquired(const FlowSetOrder& order, const Expected<AcquiredFlow>& flow);
  void OnFlowClosed(const flow::FlowId& flow, const Failure& failure);
  void ArmTimer();

  const Clock& clock_;
  const Shards& shards_;
  const Duration open_timeout_;
  boost::asio::steady_timer timer_;  // on the first shard's thread

  mutable std::mutex mutex_;
  net::SystemRandom random_;     // under mutex_
  FlowSetStore store_;           // under mutex_; null: nothing is kept
  FlowSets sets_;                // under mutex_, but for its event log, which has a lock of its own
  TimePoint armed_at_ = kNever;  // under mutex_
  bool stopped_ = false;         // under mutex_
};

}  // namespace flowbroker::engine
