#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "broker/engine/acquire.h"
#include "broker/engine/flow_view.h"
#include "broker/engine/shard_context.h"
#include "broker/flow/flow_pool.h"

namespace flowbroker::engine {

/// The flows of one shard from the end of their race to their close: the pool with its limits and events.
class ShardFlows {
 public:
  /// Told after a flow has left the pool.
  using OnClosed = std::function<void(const flow::Flow&, const Failure&, TimePoint now)>;
  /// Told of a flow that is in the pool now; must not close it.
  using OnOpened = std::function<void(flow::Flow&, TimePoint now)>;

  ShardFlows(ShardContext& context, OnOpened on_opened, OnClosed on_closed);

  flow::FlowPool& pool() { return pool_; }
  const flow::FlowPool& pool() const { return pool_; }

  /// Makes the connected socket a flow; a failure is kLimitReached and names the limit.
  Expected<flow::Flow*> Open(flow::FlowKey key, flow::ConnectionId connection, const Endpoint& local, bool exclusive,
                             TimePoint now);
  /// The same for a connection that a user agent has opened: it is given to nobody, has no limit per target and does
  /// not end for being idle.
  Expected<flow::Flow*> OpenAccepted(flow::FlowKey key, flow::ConnectionId connection, const Endpoint& local,
                                     std::uint16_t listener, TimePoint now);
  /// The same for a flow set (AcquireRequest::held), without a limit per target.
  Expected<flow::Flow*> OpenHeld(flow::FlowKey key, flow::ConnectionId connection, const Endpoint& local,
                                 TimePoint now);
  /// Whether Open would find room under max_flows_per_tenant, as of now.
  bool HasRoomFor(const flow::Owner& owner) const;
  /// What Open says where there is none; the observer is told.
  Failure TenantLimitReached() const;
  void SetProbing(flow::Flow& flow, bool probing, TimePoint now);
  void Close(flow::Flow& flow, const Failure& failure, TimePoint now);
  /// False where `scope` has no such open flow.
  bool Close(const flow::FlowId& id, const flow::Scope& scope, const Failure& failure, TimePoint now);
  void CloseIdle(TimePoint now);
  void CloseAll(const Failure& failure, TimePoint now);
  /// Closes those that the egress policy no longer allows.
  void CloseForbidden(TimePoint now);
  /// Local addresses have changed: flows whose address their interface has lost are closed (H5, I1), the others belong
  /// to the network it is on now.
  void OnNetworksChanged(TimePoint now);
  /// Closes an exclusive flow that no flow set wants, keeps any other. False where `scope` has no such open flow.
  bool Release(const flow::FlowId& id, const flow::Scope& scope, TimePoint now);

  /// Tells memory and observer what a probe or keep-alive of the flow found. What is true of a user agent's flow says
  /// nothing of a target: nobody connects there.
  void RecordProbe(const flow::Flow& flow, std::optional<FailureReason> failure, std::optional<Duration> rtt,
                   TimePoint now);

  /// Whether the evidence of life is young enough to use the flow unprobed (H12, S8). A flow whose peer sends more than
  /// is read from it would not show the answer to a probe.
  bool IsFresh(const flow::Flow& flow, TimePoint now) const {
    return flow.reading_paused || (!flow.suspect && now - flow.last_evidence <= context_.state.options.flows.fresh_for);
  }

  /// Tells memory how a transaction ended (D6); of a tenant's reports only a 503, and that for a minute at most. Memory
  /// is everybody's: a tenant's 503 counts for a minute at most, and other outcomes are found out by the next probe or
  /// re-probe like any other evidence. False where `scope` has no such open flow.
  bool Report(const TransactionReport& report, const flow::Scope& scope, TimePoint now);
  std::optional<FlowView> View(const flow::FlowId& id, const flow::Scope& scope, TimePoint now) const;
  /// The open flow; null where `scope` has none of that name.
  flow::Flow* Find(const flow::FlowId& id, const flow::Scope& scope);
  const flow::Flow* Find(const flow::FlowId& id, const flow::Scope& scope) const;
  void EmitEvent(FlowEventKind kind, const flow::Flow& flow, std::optional<Failure> failure, TimePoint now);

 private:
  /// Counts one more flow of the tenant, where limits allow it.
  Expected<void> CountOpened(const std::string& tenant);
  /// What is true of flows that the broker has opened.
  void RegisterOpened(flow::Flow& flow, TimePoint now);
  void Register(flow::Flow& flow, TimePoint now);
  FlowView ViewOf(const flow::Flow& flow, bool open, TimePoint now) const;

  ShardContext& context_;
  OnOpened on_opened_;
  OnClosed on_closed_;
  flow::FlowPool pool_;
};

}  // namespace flowbroker::engine
