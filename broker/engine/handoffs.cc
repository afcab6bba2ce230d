#include "broker/engine/handoffs.h"

#include <utility>

namespace flowbroker::engine {

Handoffs::Handoffs(ShardContext& context, ShardFlows& flows)
    : context_(context), flows_(flows), tickets_(context.state.options.handoff.ticket_life) {}

void Handoffs::Offer(flow::Flow& flow, TimePoint now) {
  flow.handoff = true;
  flow.keep_alive = {};  // what it asked would be answered to somebody else
  tickets_.Issue(flow.id, context_.random, now);
}

std::optional<HandoffGrant> Handoffs::GrantOf(const flow::Flow& flow) const {
  const flow::HandoffTickets::Issued* issued = tickets_.Of(flow.id);
  if (issued == nullptr) return std::nullopt;
  return HandoffGrant{issued->ticket.ToString(), context_.state.options.handoff.socket, issued->valid_until};
}

void Handoffs::Redeem(const flow::HandoffTicket& ticket, HandOver::Taken taken, TimePoint now) {
  const auto id = tickets_.Redeem(ticket, now);
  const flow::Flow* flow = id ? flows_.pool().Find(*id) : nullptr;
  if (flow != nullptr) return (void)context_.actions.io.emplace_back(HandOver{flow->connection, std::move(taken)});
  context_.actions.calls.emplace_back(
      [taken = std::move(taken)] { taken(Unexpected({FailureReason::kUnknownFlow, ""})); });
}

void Handoffs::OnHandedOver(const flow::FlowId& id, TimePoint now) {
  flows_.Close(id, flow::Scope{}, {FailureReason::kHandedOff, ""}, now);
}

void Handoffs::OnTimer(TimePoint now) {
  while (const auto id = tickets_.TakeExpired(now)) {
    context_.state.observer.OnHandoff(net::HandoffOutcome::kUnused);
    flows_.Close(*id, flow::Scope{}, {FailureReason::kIdle, "its handoff ticket was not presented in time"}, now);
  }
}

}  // namespace flowbroker::engine
