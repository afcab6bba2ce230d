#include "broker/engine/shard_relay.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "broker/engine/handoffs.h"

namespace flowbroker::engine {
namespace {

/// One event tells of all drops since the last one, and within this time there is no other: a peer that floods must not
/// push everything else out of the log. What no later drop tells of, the metric alone does.
constexpr Duration kReportInterval = std::chrono::seconds(1);

/// Whether the peer could tell where the message ends.
std::optional<Failure> CheckFraming(Transport transport, const sip::MessageHead& head, std::size_t octets) {
  if (!IsConnectionOriented(transport)) {
    constexpr std::size_t kMaxDatagram = 65507;  // IPv4; IPv6 has 20 more, which nobody should count on
    if (octets <= kMaxDatagram) return std::nullopt;
    return Failure{FailureReason::kInvalidArgument, "longer than a UDP datagram", "messages.message"};
  }
  // RFC 3261 s.18.3: without a right Content-Length the peer would lose the boundary of every message that follows.
  const std::size_t body = octets - head.header_bytes;
  if (head.content_length == body) return std::nullopt;
  return Failure{FailureReason::kInvalidArgument,
                 "Content-Length must be there and equal the body's " + std::to_string(body) + " octets on a stream",
                 "messages.message"};
}

}  // namespace

ShardRelay::ShardRelay(ShardContext& context, ShardFlows& flows, EdgeDatagrams& datagrams)
    : context_(context),
      options_(context.state.options.flows),
      flows_(flows),
      datagrams_(datagrams),
      router_(options_.max_pending_transactions) {}

void ShardRelay::Attach(RelayId relay, const flow::Owner& owner, std::shared_ptr<RelaySink> sink, TimePoint now) {
  router_.Attach(relay, owner, std::move(sink));
  DeliverHeld(owner, now);
}

void ShardRelay::Detach(RelayId relay, TimePoint now) {
  router_.Detach(relay);
  std::vector<flow::FlowId> owned;
  for (const auto& [id, owner] : exclusive_owner_) {
    if (owner == relay) owned.push_back(id);
  }
  for (const flow::FlowId& id : owned) {
    flows_.Close(id, flow::Scope{}, {FailureReason::kClosedByOwner, "its owner's stream ended"}, now);
  }
  Resume(relay, now);  // what was blocked for it finds another stream, or is held
}

void ShardRelay::Resume(RelayId relay, TimePoint now) {
  std::vector<flow::FlowId> waiting;
  for (const auto& [id, blocked] : blocked_) {
    if (blocked.relay == relay) waiting.push_back(id);
  }
  for (const flow::FlowId& id : waiting) {
    if (!Unblock(id, now)) break;  // it is full again: the others would only be looked at in vain
  }
  if (const flow::Owner* owner = router_.OwnerOf(relay)) DeliverHeld(flow::Owner(*owner), now);
}

bool ShardRelay::Unblock(const flow::FlowId& id, TimePoint now) {
  flow::Flow& flow = *flows_.pool().Find(id);
  Blocked blocked = *TakeBlocked(flow);
  flow.reading_paused = false;
  for (InboundMessage& message : blocked.messages) {
    const auto again = blocked_.find(id);
    if (again == blocked_.end()) {
      DeliverAgain(flow, std::move(message), now);
    } else {
      Block(flow, again->second, std::move(message), now);  // where it goes need not be found out
    }
  }
  if (!flow.reading_paused) context_.actions.io.emplace_back(ResumeReading{flow.connection});
  const auto again = blocked_.find(id);
  return again == blocked_.end() || again->second.relay != blocked.relay;
}

void ShardRelay::DeliverHeld(const flow::Owner& owner, TimePoint now) {
  auto held = held_.extract(owner);
  if (held.empty()) return;
  for (const Held& one : held.mapped().messages) tenant_held_.Take(owner.tenant, CostOf(one));
  for (Held& one : held.mapped().messages) DeliverAgain(one.flow, std::move(one.message), now);
}

void ShardRelay::DeliverAgain(const flow::Flow& flow, InboundMessage message, TimePoint now) {
  const auto head = sip::ReadMessageHead(message.bytes);  // was read before: cannot fail
  if (head) Deliver(flow, RouteOf(flow, *head), std::move(message), now);
}

void ShardRelay::OnMessage(flow::Flow& flow, const sip::MessageHead& head, std::string_view bytes,
                           std::optional<EdgeOrigin> origin, TimePoint now) {
  ++flow.messages_received;
  Deliver(flow, RouteOf(flow, head), {flow.id, std::string(bytes), std::move(origin)}, now);
}

std::optional<RelayId> ShardRelay::RouteOf(const flow::Flow& flow, const sip::MessageHead& head) const {
  const auto owner = exclusive_owner_.find(flow.id);
  return owner != exclusive_owner_.end() ? owner->second : router_.Route(head, flow.key.owner);
}

void ShardRelay::Deliver(const flow::Flow& flow, std::optional<RelayId> relay, InboundMessage message, TimePoint now) {
  if (const auto blocked = blocked_.find(flow.id); blocked != blocked_.end()) {
    return Block(flow, blocked->second, std::move(message), now);  // order within a flow is kept
  }
  RelaySink* sink = relay ? router_.SinkOf(*relay) : nullptr;
  if (sink == nullptr) return Hold(flow, std::move(message), now);
  if (sink->Offer(message)) return;
  flow::Flow* open = flows_.pool().Find(flow.id);
  if (open == nullptr) return Hold(flow, std::move(message), now);
  open->reading_paused = true;
  context_.state.observer.OnBackPressure();
  context_.actions.io.emplace_back(PauseReading{flow.connection});
  Block(flow, blocked_.emplace(flow.id, Blocked{*relay, {}}).first->second, std::move(message), now);
}

void ShardRelay::Block(const flow::Flow& flow, Blocked& blocked, InboundMessage message, TimePoint now) {
  const flow::Owner& owner = flow.key.owner;
  BlockedGroup& group = blocked_groups_[owner];
  const std::size_t cost = CostOf(message);
  const bool group_full = group.cost > 0 && group.cost + cost > options_.held_octets_per_group;  // one always waits
  if (group_full || tenant_held_.Of(owner.tenant) + cost > options_.waiting_octets_per_tenant) {
    context_.state.observer.OnLimit(Limit::kHeldMessages);
    return CountDrop(group.drops, flow, "too many wait for a stream with room", now);
  }
  tenant_held_.Add(owner.tenant, cost);
  group.cost += cost;
  blocked.cost += cost;
  blocked.messages.push_back(std::move(message));
}

std::optional<ShardRelay::Blocked> ShardRelay::TakeBlocked(const flow::Flow& flow) {
  auto blocked = blocked_.extract(flow.id);
  if (blocked.empty()) return std::nullopt;
  tenant_held_.Take(flow.key.owner.tenant, blocked.mapped().cost);
  blocked_groups_[flow.key.owner].cost -= blocked.mapped().cost;
  return std::move(blocked.mapped());
}

void ShardRelay::Hold(const flow::Flow& flow, InboundMessage message, TimePoint now) {
  const std::string tenant = flow.key.owner.tenant;
  HeldMessages& group = held_[flow.key.owner];
  group.octets += message.bytes.size();
  group.messages.push_back({flow, std::move(message), now + options_.held_for});
  tenant_held_.Add(tenant, CostOf(group.messages.back()));
  while (!group.messages.empty() &&
         (group.messages.size() > options_.held_messages_per_group || group.octets > options_.held_octets_per_group ||
          tenant_held_.Of(tenant) > options_.waiting_octets_per_tenant)) {
    context_.state.observer.OnLimit(Limit::kHeldMessages);
    DropOldest(group, "too many are held", now);
  }
  if (group.messages.empty()) held_.erase(flow.key.owner);
}

void ShardRelay::DropOldest(HeldMessages& group, const std::string& why, TimePoint now) {
  const Held& oldest = group.messages.front();
  CountDrop(group.drops, oldest.flow, why, now);
  tenant_held_.Take(oldest.flow.key.owner.tenant, CostOf(oldest));
  group.octets -= oldest.message.bytes.size();
  group.messages.pop_front();
}

void ShardRelay::CountDrop(Drops& drops, const flow::Flow& flow, const std::string& why, TimePoint now) {
  ++drops.unreported;
  context_.state.observer.OnMessageDropped();
  if (drops.reported != TimePoint{} && now - drops.reported < kReportInterval) return;
  const std::string count = std::to_string(std::exchange(drops.unreported, 0));
  flows_.EmitEvent(
      FlowEventKind::kMessageDropped, flow,
      Failure{FailureReason::kLimitReached, count + " dropped, no Relay stream of the client group took them: " + why},
      now);
  drops.reported = now;
}

TimePoint ShardRelay::NextDeadline() const {
  TimePoint next = kNever;
  for (const auto& [name, group] : held_) next = std::min(next, group.messages.front().until);
  return next;
}

void ShardRelay::ExpireHeld(TimePoint now) {
  for (auto entry = held_.begin(); entry != held_.end();) {
    HeldMessages& group = entry->second;
    while (!group.messages.empty() && group.messages.front().until <= now) DropOldest(group, "held_for is over", now);
    entry = group.messages.empty() ? held_.erase(entry) : std::next(entry);
  }
  std::erase_if(blocked_groups_, [now](const auto& entry) {
    return entry.second.cost == 0 && now - entry.second.drops.reported >= kReportInterval;
  });
}

void ShardRelay::OnFlowClosed(const flow::Flow& flow, TimePoint now) {
  if (const auto unsent = unsent_.extract(flow.id)) tenant_unsent_.Take(flow.key.owner.tenant, unsent.mapped());
  exclusive_owner_.erase(flow.id);
  auto blocked = TakeBlocked(flow);
  if (!blocked) return;
  // The peer sent them before it went: they still go to the stream once it has room.
  for (InboundMessage& message : blocked->messages) Hold(flow, std::move(message), now);
}

bool ShardRelay::MayUse(RelayId relay, const flow::Flow& flow) const {
  const flow::Owner* user = router_.OwnerOf(relay);
  if (user == nullptr || flow.key.owner != *user) return false;
  const auto owner = exclusive_owner_.find(flow.id);
  return owner == exclusive_owner_.end() || owner->second == relay;
}

std::optional<Failure> ShardRelay::Send(RelayId relay, const flow::FlowId& id, std::string_view bytes, TimePoint now) {
  flow::Flow* flow = flows_.pool().Find(id);
  if (flow == nullptr) return SendOnDatagramFlow(relay, id, bytes);
  if (!MayUse(relay, *flow)) return Failure{FailureReason::kUnknownFlow, ""};
  if (flow->handoff) return WaitsForHandoff();
  const auto head = Check(*flow, bytes);
  if (!head) return head.error();
  if (flow->exclusive && !flow->held) exclusive_owner_.emplace(id, relay);
  ++flow->messages_sent;
  flows_.pool().NoteActivity(*flow, now);
  context_.actions.io.emplace_back(SendBytes{flow->connection, std::string(bytes)});
  NoteSent(relay, *flow, *head, bytes.size());
  return std::nullopt;
}

std::optional<Failure> ShardRelay::SendOnDatagramFlow(RelayId relay, const flow::FlowId& id, std::string_view bytes) {
  const auto flow = datagrams_.Find(id);
  if (!flow || !MayUse(relay, *flow)) return Failure{FailureReason::kUnknownFlow, ""};
  const auto head = Check(*flow, bytes);
  if (!head) return head.error();
  datagrams_.Send(id, bytes);
  NoteSent(relay, *flow, *head, bytes.size());
  return std::nullopt;
}

Expected<sip::MessageHead> ShardRelay::Check(const flow::Flow& flow, std::string_view bytes) const {
  const auto head = sip::ReadMessageHead(bytes);
  if (!head) return Unexpected({FailureReason::kInvalidArgument, head.error().detail, "messages.message"});
  if (auto refused = CheckFraming(flow.key.remote.transport, *head, bytes.size())) return Unexpected(*refused);
  if (auto refused = CheckQueues(flow, bytes.size())) return Unexpected(*refused);
  return head;
}

void ShardRelay::NoteSent(RelayId relay, const flow::Flow& flow, const sip::MessageHead& head, std::size_t octets) {
  if (head.is_request && !head.top_via_branch.empty()) router_.NoteRequest(head.top_via_branch, relay);
  context_.actions.send_octets += octets;
  tenant_handover_.Add(flow.key.owner.tenant, octets);
}

std::optional<Failure> ShardRelay::CheckQueues(const flow::Flow& flow, std::size_t octets) const {
  auto full = FullQueue(flow, octets);
  if (!full) return std::nullopt;
  context_.state.observer.OnLimit(Limit::kSendQueue);
  return Failure{FailureReason::kLimitReached, *std::move(full)};
}

std::optional<std::string> ShardRelay::FullQueue(const flow::Flow& flow, std::size_t octets) const {
  const auto unsent = unsent_.find(flow.id);
  if (unsent != unsent_.end() && unsent->second + octets > options_.send_queue_bytes) {
    return "send_queue_bytes: the peer reads too slowly";
  }
  if (handover_octets_ + context_.actions.send_octets + octets > options_.handover_octets) {
    return "handover_octets: more is sent than this host can";
  }
  const std::string& tenant = flow.key.owner.tenant;
  if (tenant.empty()) return std::nullopt;
  const std::size_t handed_over = tenant_handover_.Of(tenant) + octets;
  if (tenant_unsent_.Of(tenant) + handed_over > options_.waiting_octets_per_tenant) {
    return "waiting_octets_per_tenant: the tenant's peers read too slowly";
  }
  const auto percent = static_cast<std::size_t>(context_.state.options.tenant_share);
  if (handed_over > options_.handover_octets / 100 * percent) {
    return "tenant_share: the tenant sends its part of handover_octets";
  }
  return std::nullopt;
}

void ShardRelay::OnQueued(const flow::FlowId& id, std::size_t octets) {
  const flow::Flow* flow = flows_.pool().Find(id);
  if (flow == nullptr) return;
  const std::size_t before = std::exchange(unsent_[id], octets);
  tenant_unsent_.Add(flow->key.owner.tenant, octets);
  tenant_unsent_.Take(flow->key.owner.tenant, before);
  if (octets == 0) unsent_.erase(id);
}

std::size_t ShardRelay::TenantOctets::Of(const std::string& tenant) const {
  const auto found = octets_.find(tenant);
  return found == octets_.end() ? 0 : found->second;
}

void ShardRelay::TenantOctets::Add(const std::string& tenant, std::size_t octets) {
  if (!tenant.empty() && octets > 0) octets_[tenant] += octets;
}

void ShardRelay::TenantOctets::Take(const std::string& tenant, std::size_t octets) {
  const auto found = octets_.find(tenant);
  if (found == octets_.end()) return;
  found->second -= octets;
  if (found->second == 0) octets_.erase(found);
}

}  // namespace flowbroker::engine
