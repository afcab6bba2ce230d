#include "broker/engine/broker_flows.h"

#include <algorithm>
#include <utility>

namespace flowbroker::engine {

Expected<void> BrokerFlows::Release(const flow::FlowId& id, const flow::Scope& scope) {
  Shard* shard = ShardOf(shards_, id);
  const bool known =
      shard != nullptr && shard->WithCore([&](ShardCore& core, TimePoint now) { return core.Release(id, scope, now); });
  if (!known) return Unexpected({FailureReason::kUnknownFlow, ""});
  return {};
}

Expected<void> BrokerFlows::Close(const flow::FlowId& id, const flow::Scope& scope) {
  Shard* shard = ShardOf(shards_, id);
  const Failure why{FailureReason::kClosedByOwner, "CloseFlow"};
  const bool known = shard != nullptr &&
                     shard->WithCore([&](ShardCore& core, TimePoint now) { return core.Close(id, scope, why, now); });
  if (!known) return Unexpected({FailureReason::kUnknownFlow, ""});
  return {};
}

std::optional<FlowView> BrokerFlows::Get(const flow::FlowId& id, const flow::Scope& scope) const {
  const Shard* shard = ShardOf(shards_, id);
  if (shard == nullptr) return std::nullopt;
  return shard->Inspect([&](const ShardCore& core) { return core.View(id, scope, clock_.Now()); });
}

std::vector<FlowView> BrokerFlows::List(std::optional<flow::FlowId> after, std::size_t count,
                                        const flow::Scope& scope) const {
  std::vector<FlowView> flows;
  while (flows.size() < count) {  // once, unless flows are closed meanwhile
    const std::size_t missing = count - flows.size();
    std::vector<flow::FlowId> ids;
    for (const auto& shard : shards_) {
      const auto own = shard->Inspect([&](const ShardCore& core) { return core.IdsAfter(after, missing, scope); });
      ids.insert(ids.end(), own.begin(), own.end());
    }
    std::ranges::sort(ids);
    if (ids.size() > missing) ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(missing), ids.end());
    for (const flow::FlowId& id : ids) {
      if (auto view = Get(id, scope)) flows.push_back(*std::move(view));
    }
    if (ids.size() < missing) break;  // there are no more
    after = ids.back();
  }
  return flows;
}

void BrokerFlows::Probe(const flow::FlowId& id, const flow::Scope& scope, TimePoint deadline, ProbeCallback done) {
  Shard* shard = ShardOf(shards_, id);
  if (shard == nullptr) return done(Unexpected({FailureReason::kUnknownFlow, ""}));
  shard->WithCore([&](ShardCore& core, TimePoint now) { core.ProbeFlow(id, scope, deadline, std::move(done), now); });
}

Expected<void> BrokerFlows::SetKeepAlive(const flow::FlowId& id, const flow::Scope& scope, flow::KeepAliveMethod method,
                                         std::optional<Duration> flow_timer) {
  Shard* shard = ShardOf(shards_, id);
  if (shard == nullptr) return Unexpected({FailureReason::kUnknownFlow, ""});
  return shard->WithCore(
      [&](ShardCore& core, TimePoint now) { return core.SetKeepAlive(id, scope, method, flow_timer, now); });
}

bool BrokerFlows::Report(const TransactionReport& report, const flow::Scope& scope) {
  Shard* shard = report.flow ? ShardOf(shards_, *report.flow) : nullptr;
  const bool known = shard != nullptr &&
                     shard->WithCore([&](ShardCore& core, TimePoint now) { return core.Report(report, scope, now); });
  state_.observer.OnReport(report.outcome, known);
  return known;
}

std::unique_ptr<EventSubscription> BrokerFlows::Watch(std::optional<std::uint64_t> after_sequence,
                                                      std::optional<std::string> tenant, EventSink sink) {
  const auto id = state_.events.Subscribe(after_sequence, std::move(tenant), std::move(sink));
  if (!id) return nullptr;
  return std::make_unique<LogSubscription<FlowEvent>>(state_.events, *id);
}

}  // namespace flowbroker::engine
