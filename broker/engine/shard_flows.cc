#include "broker/engine/shard_flows.h"

#include <algorithm>
#include <utility>

namespace flowbroker::engine {
namespace {

/// For so long at most a tenant's word keeps a host behind the others, for everybody. A host that goes on saying 503 is
/// reported again by the next transaction, so this costs one transaction a minute where the tenant is honest.
/// Nothing else that a tenant reports reaches the others; see Report.
constexpr Duration kTenantRetryAfter = std::chrono::minutes(1);

Duration TrustedRetryAfter(const TransactionReport& report, const flow::Owner& owner) {
  const Duration asked = report.retry_after.value_or(Duration::zero());
  return owner.tenant.empty() ? asked : std::min(asked, kTenantRetryAfter);
}

}  // namespace

ShardFlows::ShardFlows(ShardContext& context, OnOpened on_opened, OnClosed on_closed)
    : context_(context),
      on_opened_(std::move(on_opened)),
      on_closed_(std::move(on_closed)),
      pool_({.idle_timeout = context.state.options.flows.idle_timeout,
             .max_flows_per_target = context.state.options.flows.max_flows_per_target,
             .tls_reuse = context.state.options.flows.tls_reuse},
            context.random) {}

Expected<flow::Flow*> ShardFlows::Open(flow::FlowKey key, flow::ConnectionId connection, const Endpoint& local,
                                       bool exclusive, TimePoint now) {
  BrokerState& state = context_.state;
  if (!pool_.HasRoomFor(key.remote, key.owner.tenant)) {
    state.observer.OnLimit(Limit::kFlowsPerTarget);
    return Unexpected({FailureReason::kLimitReached, "max_flows_per_target"});
  }
  if (const auto counted = CountOpened(key.owner.tenant); !counted) return Unexpected(counted.error());
  const history::NetworkId network = state.networks.NetworkOf(local.address, key.local_interface);
  if (!exclusive) state.places.Add(key, context_.index);
  flow::Flow& flow = pool_.Add(flow::FlowId::Make(context_.index, context_.random), std::move(key), connection, local,
                               network, exclusive, now);
  RegisterOpened(flow, now);
  return &flow;
}

Expected<flow::Flow*> ShardFlows::OpenHeld(flow::FlowKey key, flow::ConnectionId connection, const Endpoint& local,
                                           TimePoint now) {
  if (const auto counted = CountOpened(key.owner.tenant); !counted) return Unexpected(counted.error());
  const history::NetworkId network = context_.state.networks.NetworkOf(local.address, key.local_interface);
  flow::Flow& flow = pool_.AddHeld(flow::FlowId::Make(context_.index, context_.random), std::move(key), connection,
                                   local, network, now);
  RegisterOpened(flow, now);
  return &flow;
}

Expected<flow::Flow*> ShardFlows::OpenAccepted(flow::FlowKey key, flow::ConnectionId connection, const Endpoint& local,
                                               std::uint16_t listener, TimePoint now) {
  if (const auto counted = CountOpened(key.owner.tenant); !counted) return Unexpected(counted.error());
  const history::NetworkId network = context_.state.networks.NetworkOf(local.address, "");
  flow::Flow& flow = pool_.AddAccepted(flow::FlowId::Make(context_.index, context_.random), std::move(key), connection,
                                       local, network, listener, now);
  Register(flow, now);
  return &flow;
}

Expected<void> ShardFlows::CountOpened(const std::string& tenant) {
  BrokerState& state = context_.state;
  if (state.flows.fetch_add(1) >= state.options.flows.max_flows) {
    state.flows.fetch_sub(1);
    state.observer.OnLimit(Limit::kFlows);
    return Unexpected({FailureReason::kLimitReached, "max_flows"});
  }
  if (!state.tenant_flows.Add(tenant, context_.live->max_flows_per_tenant)) {
    state.flows.fetch_sub(1);
    return Unexpected(TenantLimitReached());
  }
  return {};
}

void ShardFlows::RegisterOpened(flow::Flow& flow, TimePoint now) {
  flow.acquires = context_.state.observer.CountOf(flow.path());
  on_opened_(flow, now);
  Register(flow, now);
}

void ShardFlows::Register(flow::Flow& flow, TimePoint now) {
  context_.owners.insert_or_assign(flow.connection, flow.id);
  EmitEvent(FlowEventKind::kOpened, flow, std::nullopt, now);
}

bool ShardFlows::HasRoomFor(const flow::Owner& owner) const {
  return context_.state.tenant_flows.HasRoom(owner.tenant, context_.live->max_flows_per_tenant);
}

Failure ShardFlows::TenantLimitReached() const {
  context_.state.observer.OnLimit(Limit::kFlowsPerTenant);
  return {FailureReason::kLimitReached, "max_flows_per_tenant: the tenant has its full number of flows"};
}

void ShardFlows::SetProbing(flow::Flow& flow, bool probing, TimePoint now) {
  if (flow.probing == probing) return;
  flow.probing = probing;
  context_.state.observer.OnFlowProbing(ViewOf(flow, /*open=*/true, now));
}

void ShardFlows::Close(flow::Flow& flow, const Failure& failure, TimePoint now) {
  const flow::Flow closed = *pool_.Remove(flow::FlowId(flow.id));
  context_.state.flows.fetch_sub(1);
  context_.state.tenant_flows.Remove(closed.key.owner.tenant);
  if (!closed.exclusive && !closed.listener) context_.state.places.Remove(closed.key, context_.index);
  context_.Close(closed.connection);
  EmitEvent(FlowEventKind::kClosed, closed, failure, now);
  on_closed_(closed, failure, now);
}

bool ShardFlows::Close(const flow::FlowId& id, const flow::Scope& scope, const Failure& failure, TimePoint now) {
  flow::Flow* flow = Find(id, scope);
  if (flow == nullptr) return false;
  Close(*flow, failure, now);
  return true;
}

void ShardFlows::CloseIdle(TimePoint now) {
  while (const flow::Flow* idle = pool_.IdleFlow(now))
    Close(flow::FlowId(idle->id), flow::Scope{}, {FailureReason::kIdle, ""}, now);
}

void ShardFlows::CloseAll(const Failure& failure, TimePoint now) {
  for (const flow::FlowId& id : pool_.Ids()) Close(id, flow::Scope{}, failure, now);
}

void ShardFlows::CloseForbidden(TimePoint now) {
  for (const flow::FlowId& id : pool_.Ids()) {
    flow::Flow* flow = pool_.Find(id);
    if (flow == nullptr || flow->listener || context_.live->egress.Allows(flow->key.remote)) continue;
    Close(*flow, {FailureReason::kForbidden, "the egress policy has changed"}, now);
  }
}

void ShardFlows::OnNetworksChanged(TimePoint now) {
  const SharedNetworks& networks = context_.state.networks;
  for (const flow::FlowId& id : pool_.Ids()) {
    flow::Flow* flow = pool_.Find(id);
    if (flow == nullptr) continue;  // closed together with another one
    const history::NetworkId network = networks.NetworkOf(flow->local.address, flow->key.local_interface);
    // One that never was on a known network (link-local, 127.0.0.2) is not judged.
    const bool lost = network == history::NetworkId{} && flow->network != history::NetworkId{};
    const history::NetworkId before = std::exchange(flow->network, network);
    if (!lost) continue;
    std::string detail = networks.InterfaceOf(before) + " has lost " + flow->local.address.ToString();
    Close(*flow, {FailureReason::kLocalAddressLost, std::move(detail)}, now);
  }
}

flow::Flow* ShardFlows::Find(const flow::FlowId& id, const flow::Scope& scope) {
  flow::Flow* flow = pool_.Find(id);
  return flow != nullptr && scope.Covers(flow->key.owner) ? flow : nullptr;
}

const flow::Flow* ShardFlows::Find(const flow::FlowId& id, const flow::Scope& scope) const {
  const flow::Flow* flow = pool_.Find(id);
  return flow != nullptr && scope.Covers(flow->key.owner) ? flow : nullptr;
}

bool ShardFlows::Release(const flow::FlowId& id, const flow::Scope& scope, TimePoint now) {
  flow::Flow* flow = Find(id, scope);
  if (flow == nullptr) return false;
  if (flow->exclusive && !flow->held) Close(*flow, {FailureReason::kClosedByOwner, "released"}, now);
  return true;
}

void ShardFlows::RecordProbe(const flow::Flow& flow, std::optional<FailureReason> failure, std::optional<Duration> rtt,
                             TimePoint now) {
  if (!flow.listener) context_.state.Record({flow.path(), AttemptStage::kProbe, failure, rtt}, now);
}

bool ShardFlows::Report(const TransactionReport& report, const flow::Scope& scope, TimePoint now) {
  flow::Flow* flow = report.flow ? Find(*report.flow, scope) : nullptr;
  if (flow == nullptr) return false;
  // Memory is everybody's: what only a tenant says of a peer is not remembered, but has the flow probed, and what the
  // probe finds is.
  const bool trusted = flow->key.owner.tenant.empty() && !flow->listener;
  const auto record = [&](std::optional<FailureReason> failure) {
    const auto rtt = failure ? std::nullopt : report.rtt;
    // The observer is not told: it is no attempt of ours.
    if (trusted) context_.state.history.Record({flow->path(), AttemptStage::kProbe, failure, rtt}, now);
    flow->suspect = failure.has_value();  // asked whether it lives before anybody gets it again
    if (!failure) pool_.NoteEvidence(*flow, now);
  };
  switch (report.outcome) {
    case TransactionReport::Outcome::kAnswered:
      record(std::nullopt);
      break;
    case TransactionReport::Outcome::kServiceUnavailable:  // it is reachable, only not willing (D6)
      record(std::nullopt);
      if (flow->listener) break;  // a user agent is no target
      context_.state.RecordUnavailable(flow->path(), now + TrustedRetryAfter(report, flow->key.owner), now);
      break;
    case TransactionReport::Outcome::kTimedOut:
      record(FailureReason::kProbeTimedOut);
      break;
    case TransactionReport::Outcome::kTransportError:
      record(FailureReason::kReset);
      break;
  }
  return true;
}

std::optional<FlowView> ShardFlows::View(const flow::FlowId& id, const flow::Scope& scope, TimePoint now) const {
  const flow::Flow* flow = Find(id, scope);
  return flow == nullptr ? std::nullopt : std::optional(ViewOf(*flow, true, now));
}

FlowView ShardFlows::ViewOf(const flow::Flow& flow, bool open, TimePoint now) const {
  const auto expected = context_.state.history.Expect(flow.path(), FirstStage(flow.key.remote.transport), now);
  return {.id = flow.id,
          .remote = flow.key.remote,
          .local = flow.local,
          .open = open,
          .probing = flow.probing,
          .exclusive = flow.exclusive,
          .listener = flow.listener ? std::optional(context_.state.options.edge.listeners.at(*flow.listener).ToString())
                                    : std::nullopt,
          .tls_identity = flow.key.tls_identity,
          .owner = flow.key.owner,
          .opened = flow.opened,
          .last_activity = flow.last_activity,
          .messages_sent = flow.messages_sent,
          .messages_received = flow.messages_received,
          .smoothed_rtt = expected ? std::optional(expected->estimate.smoothed()) : std::nullopt};
}

void ShardFlows::EmitEvent(FlowEventKind kind, const flow::Flow& flow, std::optional<Failure> failure, TimePoint now) {
  const bool open = pool_.Find(flow.id) != nullptr;
  context_.state.observer.OnFlowEvent(context_.state.events.Append(
      {.sequence = 0, .time = now, .kind = kind, .flow = ViewOf(flow, open, now), .failure = std::move(failure)}));
}

}  // namespace flowbroker::engine
