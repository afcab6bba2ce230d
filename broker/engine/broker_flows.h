#pragma once

#include <memory>
#include <vector>

#include "broker/base/time.h"
#include "broker/engine/broker_state.h"
#include "broker/engine/flow_access.h"
#include "broker/engine/shard.h"

namespace flowbroker::engine {

/// The flows of all shards of a broker. Lives between the start of the shards and their end.
class BrokerFlows final : public FlowAccess {
 public:
  using Shards = std::vector<std::unique_ptr<Shard>>;

  BrokerFlows(BrokerState& state, const Clock& clock, const Shards& shards)
      : state_(state), clock_(clock), shards_(shards) {}

  Expected<void> Release(const flow::FlowId& id, const flow::Scope& scope) override;
  Expected<void> Close(const flow::FlowId& id, const flow::Scope& scope) override;
  std::optional<FlowView> Get(const flow::FlowId& id, const flow::Scope& scope) const override;
  std::vector<FlowView> List(std::optional<flow::FlowId> after, std::size_t count,
                             const flow::Scope& scope) const override;
  void Probe(const flow::FlowId& id, const flow::Scope& scope, TimePoint deadline, ProbeCallback done) override;
  Expected<void> SetKeepAlive(const flow::FlowId& id, const flow::Scope& scope, flow::KeepAliveMethod method,
                              std::optional<Duration> flow_timer) override;
  bool Report(const TransactionReport& report, const flow::Scope& scope) override;
  std::unique_ptr<EventSubscription> Watch(std::optional<std::uint64_t> after_sequence,
                                           std::optional<std::string> tenant, EventSink sink) override;
  std::uint64_t LatestEvent() const override { return state_.events.latest(); }

 private:
  BrokerState& state_;
  const Clock& clock_;
  const Shards& shards_;
};

}  // namespace flowbroker::engine
