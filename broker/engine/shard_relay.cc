// Messages in and out of flows.

#include <algorithm>
#include <utility>

#include "broker/engine/shard_core.h"
#include "broker/sip/message_head.h"
#include "broker/sip/options_probe.h"

namespace flowbroker::engine {

using sip::MessageFramer;

void ShardCore::AttachRelay(RelayId relay, const std::string& client_group, std::shared_ptr<RelaySink> sink,
                            TimePoint now) {
  router_.Attach(relay, client_group, std::move(sink));
  DeliverHeld(client_group, now);
}

void ShardCore::DeliverHeld(const std::string& client_group, TimePoint now) {
  auto held = held_.extract(client_group);
  if (held.empty()) return;
  for (HeldMessage& message : held.mapped()) {
    const auto head = sip::ReadMessageHead(message.message.bytes);
    if (head) Deliver(message.flow, router_.Route(*head, client_group), std::move(message.message), now);
  }
}

void ShardCore::DetachRelay(RelayId relay, TimePoint now) {
  router_.Detach(relay);
  std::vector<flow::FlowId> owned;
  for (const auto& [id, owner] : exclusive_owner_) {
    if (owner == relay) owned.push_back(id);
  }
  for (const flow::FlowId& id : owned) Close(id, {FailureReason::kClosedByOwner, "its owner's stream ended"}, now);
  ResumeRelay(relay, now);  // what was blocked for it finds another stream, or is held
}

void ShardCore::ResumeRelay(RelayId relay, TimePoint now) {
  std::vector<flow::FlowId> waiting;
  for (const auto& [id, blocked] : blocked_) {
    if (blocked.relay == relay) waiting.push_back(id);
  }
  for (const flow::FlowId& id : waiting) OfferBlocked(id, now);
  if (const std::string* group = router_.GroupOf(relay)) DeliverHeld(std::string(*group), now);
}

void ShardCore::OfferBlocked(const flow::FlowId& id, TimePoint now) {
  auto blocked = blocked_.extract(id);
  const flow::Flow& flow = *pool_.Find(id);
  for (InboundMessage& message : blocked.mapped().messages) {
    const auto head = sip::ReadMessageHead(message.bytes);
    if (head) Deliver(flow, router_.Route(*head, flow.key.client_group), std::move(message), now);
  }
  if (!blocked_.contains(id)) actions_.io.emplace_back(ResumeReading{flow.connection});
}

void ShardCore::OnReceived(flow::ConnectionId id, std::span<const MessageFramer::Item> items, TimePoint now) {
  const auto owner = owners_.find(id);
  if (owner == owners_.end()) return;
  if (const auto* flow_id = std::get_if<flow::FlowId>(&owner->second)) {
    return OnFlowItems(flow::FlowId(*flow_id), items, now);
  }
  if (Acquisition* acquisition = AcquisitionOf(id)) OnAttemptItems(*acquisition, id, items, now);
}

void ShardCore::OnFlowItems(const flow::FlowId& id, std::span<const MessageFramer::Item> items, TimePoint now) {
  std::size_t messages = 0;
  std::size_t octets = 0;
  for (const MessageFramer::Item& item : items) {
    flow::Flow* flow = pool_.Find(id);
    if (flow == nullptr) return;  // closed by a message of this batch
    if (item.kind == MessageFramer::Kind::kMessage) {
      ++messages;
      octets += item.bytes.size();
      OnFlowMessage(*flow, item.bytes, now);
      continue;
    }
    // E7: a ping on a connection that we opened is never answered; like a pong it shows that the peer lives.
    pool_.NoteEvidence(*flow, now);
    if (item.kind == MessageFramer::Kind::kPong) OnProbeAnswer(*flow, "CRLF", now);
  }
  if (messages > 0) state_.observer.OnRelayed(/*inbound=*/true, messages, octets);
}

void ShardCore::OnFlowMessage(flow::Flow& flow, std::string_view bytes, TimePoint now) {
  const auto head = sip::ReadMessageHead(bytes);
  if (!head) {
    // A datagram's sender can be forged, so bad ones are dropped; a bad stream cannot be trusted any further.
    if (IsConnectionOriented(flow.key.remote.transport)) CloseFlow(flow, head.error(), now);
    return;
  }
  pool_.NoteEvidence(flow, now);
  if (!head->is_request && sip::IsOptionsProbeBranch(head->top_via_branch)) {
    const auto probe = probes_.find(flow.id);
    if (probe != probes_.end() && probe->second.branch == head->top_via_branch) {
      OnProbeAnswer(flow, "OPTIONS " + std::to_string(head->status_code), now);
    }
    return;  // a late answer to a probe interests nobody
  }
  ++flow.messages_received;
  const auto owner = exclusive_owner_.find(flow.id);
  const auto relay =
      owner != exclusive_owner_.end() ? std::optional(owner->second) : router_.Route(*head, flow.key.client_group);
  Deliver(flow, relay, {flow.id, std::string(bytes)}, now);
}

void ShardCore::Deliver(const flow::Flow& flow, std::optional<RelayId> relay, InboundMessage message, TimePoint now) {
  if (const auto blocked = blocked_.find(flow.id); blocked != blocked_.end()) {
    blocked->second.messages.push_back(std::move(message));  // order within a flow is kept
    return;
  }
  RelaySink* sink = relay ? router_.SinkOf(*relay) : nullptr;
  if (sink == nullptr) return Hold(flow, std::move(message), now);
  if (sink->Offer(message)) return;
  if (pool_.Find(flow.id) == nullptr) return Hold(flow, std::move(message), now);
  actions_.io.emplace_back(PauseReading{flow.connection});
  Blocked& blocked = blocked_.emplace(flow.id, Blocked{*relay, {}}).first->second;
  blocked.messages.push_back(std::move(message));
}

void ShardCore::Hold(const flow::Flow& flow, InboundMessage message, TimePoint now) {
  auto& held = held_[flow.key.client_group];
  held.push_back({flow, std::move(message), now + state_.options.flows.held_for});
  if (held.size() <= state_.options.flows.held_messages_per_group) return;
  state_.observer.OnLimit(Limit::kHeldMessages);
  DropOldestHeld(held, "held_messages_per_group", now);
}

void ShardCore::DropOldestHeld(std::deque<HeldMessage>& held, const std::string& why, TimePoint now) {
  EmitFlowEvent(FlowEventKind::kMessageDropped, held.front().flow,
                Failure{FailureReason::kLimitReached, "no Relay stream of the client group took it: " + why}, now);
  held.pop_front();
}

void ShardCore::ExpireHeld(TimePoint now) {
  for (auto group = held_.begin(); group != held_.end();) {
    auto& held = group->second;
    while (!held.empty() && held.front().until <= now) DropOldestHeld(held, "held_for is over", now);
    group = held.empty() ? held_.erase(group) : std::next(group);
  }
}

std::optional<Failure> ShardCore::Send(RelayId relay, const flow::FlowId& id, std::string_view bytes, TimePoint now) {
  flow::Flow* flow = pool_.Find(id);
  const std::string* group = router_.GroupOf(relay);
  const auto owner = exclusive_owner_.find(id);
  const bool foreign = group == nullptr || (flow != nullptr && flow->key.client_group != *group) ||
                       (owner != exclusive_owner_.end() && owner->second != relay);
  if (flow == nullptr || foreign) return Failure{FailureReason::kUnknownFlow, ""};
  const auto head = sip::ReadMessageHead(bytes);
  if (!head) return Failure{FailureReason::kInvalidArgument, head.error().detail, "messages.message"};
  if (auto refused = CheckFraming(*flow, *head, bytes)) return refused;
  if (auto refused = CheckQueues(id, bytes.size())) return refused;
  if (flow->exclusive) exclusive_owner_.emplace(id, relay);
  if (head->is_request && !head->top_via_branch.empty()) router_.NoteRequest(head->top_via_branch, relay);
  ++flow->messages_sent;
  pool_.NoteActivity(*flow, now);
  actions_.io.emplace_back(SendBytes{flow->connection, std::string(bytes)});
  actions_.send_octets += bytes.size();
  return std::nullopt;
}

std::optional<Failure> ShardCore::CheckQueues(const flow::FlowId& id, std::size_t octets) const {
  const auto unsent = unsent_.find(id);
  const bool peer_behind = unsent != unsent_.end() && unsent->second + octets > state_.options.flows.send_queue_bytes;
  const bool shard_behind = handover_octets_ + octets > state_.options.flows.handover_octets;
  if (!peer_behind && !shard_behind) return std::nullopt;
  state_.observer.OnLimit(Limit::kSendQueue);
  return Failure{FailureReason::kLimitReached, peer_behind ? "send_queue_bytes: the peer reads too slowly"
                                                           : "handover_octets: more is sent than this host can"};
}

std::optional<Failure> ShardCore::CheckFraming(const flow::Flow& flow, const sip::MessageHead& head,
                                               std::string_view bytes) const {
  const std::size_t body = bytes.size() - head.header_bytes;
  if (!IsConnectionOriented(flow.key.remote.transport)) {
    constexpr std::size_t kMaxDatagram = 65507;  // IPv4; IPv6 has 20 more, which nobody should count on
    if (bytes.size() <= kMaxDatagram) return std::nullopt;
    return Failure{FailureReason::kInvalidArgument, "longer than a UDP datagram", "messages.message"};
  }
  // RFC 3261 s.18.3: without a right Content-Length the peer would lose the boundary of every message that follows.
  if (head.content_length == body) return std::nullopt;
  return Failure{FailureReason::kInvalidArgument,
                 "Content-Length must be there and equal the body's " + std::to_string(body) + " octets on a stream",
                 "messages.message"};
}

void ShardCore::OnQueued(flow::ConnectionId id, std::size_t octets) {
  const auto owner = owners_.find(id);
  if (owner == owners_.end()) return;
  const auto* flow_id = std::get_if<flow::FlowId>(&owner->second);
  if (flow_id == nullptr) return;
  if (octets == 0) {
    unsent_.erase(*flow_id);
  } else {
    unsent_[*flow_id] = octets;
  }
}

}  // namespace flowbroker::engine
