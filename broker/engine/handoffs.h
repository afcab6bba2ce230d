#pragma once

#include <optional>

#include "broker/engine/acquire.h"
#include "broker/engine/shard_context.h"
#include "broker/engine/shard_flows.h"
#include "broker/flow/handoff_tickets.h"

namespace flowbroker::engine {

/// What a call gets that wants to use a flow which waits to be handed off.
inline Failure WaitsForHandoff() {
  return {FailureReason::kAlreadyInUse, "the flow waits to be handed off"};
}

/// The flows of one shard that wait to be handed off: their tickets, and what becomes of them. Nothing is read from
/// such a flow, so that every octet its peer sends goes to whoever gets the descriptor. Under the shard's lock.
class Handoffs {
 public:
  Handoffs(ShardContext& context, ShardFlows& flows);

  /// From now on the flow waits for its ticket to be presented, and does nothing else.
  /// @pre exclusive, over TCP, and never read
  void Offer(flow::Flow& flow, TimePoint now);
  /// What its caller is told; nothing where the flow does not wait to be handed off.
  std::optional<HandoffGrant> GrantOf(const flow::Flow& flow) const;

  /// `taken` gets the descriptor, or kUnknownFlow where the ticket is worth nothing, or how the flow has ended.
  void Redeem(const flow::HandoffTicket& ticket, HandOver::Taken taken, TimePoint now);
  /// The descriptor of the flow's connection has been given away.
  void OnHandedOver(const flow::FlowId& id, TimePoint now);

  void OnFlowClosed(const flow::FlowId& id) { tickets_.Forget(id); }
  TimePoint NextDeadline() const { return tickets_.NextExpiry(); }
  void OnTimer(TimePoint now);

 private:
  ShardContext& context_;
  ShardFlows& flows_;
  flow::HandoffTickets tickets_;
};

}  // namespace flowbroker::engine
