#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/engine/edge_datagrams.h"
#include "broker/engine/relay_router.h"
#include "broker/engine/shard_context.h"
#include "broker/engine/shard_flows.h"
#include "broker/sip/message_head.h"

namespace flowbroker::engine {

/// Messages in and out of the flows of one shard: who gets them, what waits for a stream with room, what is refused.
class ShardRelay {
 public:
  ShardRelay(ShardContext& context, ShardFlows& flows, EdgeDatagrams& datagrams);

  void Attach(RelayId relay, const flow::Owner& owner, std::shared_ptr<RelaySink> sink, TimePoint now);
  /// Closes the exclusive flows the stream has sent on.
  void Detach(RelayId relay, TimePoint now);
  void Resume(RelayId relay, TimePoint now);

  /// Why the message was refused; nothing where it is on its way.
  std::optional<Failure> Send(RelayId relay, const flow::FlowId& id, std::string_view bytes, TimePoint now);

  /// A message that came in on `flow`, whose head has been read.
  void OnMessage(flow::Flow& flow, const sip::MessageHead& head, std::string_view bytes,
                 std::optional<EdgeOrigin> origin, TimePoint now);
  void OnFlowClosed(const flow::Flow& flow, TimePoint now);

  /// `octets` of the flow wait in its socket's queue.
  void OnQueued(const flow::FlowId& id, std::size_t octets);
  /// Whether something of the flow waits for the kernel: its peer does not read.
  bool HasUnsent(const flow::FlowId& id) const { return unsent_.contains(id); }
  /// `octets` sent earlier have not reached the sockets yet: the driver is behind.
  void NoteHandover(std::size_t octets) {
    handover_octets_ = octets;
    if (octets == 0) tenant_handover_.clear();
  }

  /// When the oldest held message is given up.
  TimePoint NextDeadline() const;
  void ExpireHeld(TimePoint now);

 private:
  struct Held {
    flow::Flow flow;  // as it was: it may be closed by now
    InboundMessage message;
    TimePoint until;
  };
  /// What a held message costs, so that many empty ones are no way around the limit of a tenant.
  static std::size_t CostOf(const Held& held) { return sizeof(Held) + held.message.bytes.size(); }
  /// The same of one that waits for a stream with room.
  static std::size_t CostOf(const InboundMessage& message) { return sizeof(InboundMessage) + message.bytes.size(); }
  struct Drops {
    std::size_t unreported = 0;
    TimePoint reported{};  // when one was reported last
  };
  struct HeldMessages {
    std::deque<Held> messages = {};
    std::size_t octets = 0;
    Drops drops = {};
  };
  struct Blocked {
    RelayId relay;  // whose stream is full
    std::deque<InboundMessage> messages;
    std::size_t cost = 0;
  };
  /// Of all flows of one client group.
  struct BlockedGroup {
    std::size_t cost = 0;
    Drops drops = {};
  };

  bool MayUse(RelayId relay, const flow::Flow& flow) const;
  std::optional<Failure> SendOnDatagramFlow(RelayId relay, const flow::FlowId& id, std::string_view bytes);
  /// The head of what may be sent on the flow.
  Expected<sip::MessageHead> Check(const flow::Flow& flow, std::string_view bytes) const;
  void NoteSent(RelayId relay, const flow::Flow& flow, const sip::MessageHead& head, std::size_t octets);
  std::optional<Failure> CheckQueues(const flow::Flow& flow, std::size_t octets) const;
  std::optional<std::string> FullQueue(const flow::Flow& flow, std::size_t octets) const;
  std::optional<RelayId> RouteOf(const flow::Flow& flow, const sip::MessageHead& head) const;
  void Deliver(const flow::Flow& flow, std::optional<RelayId> relay, InboundMessage message, TimePoint now);
  void DeliverAgain(const flow::Flow& flow, InboundMessage message, TimePoint now);
  void DeliverHeld(const flow::Owner& owner, TimePoint now);
  /// Whether the stream that it was blocked for took all.
  bool Unblock(const flow::FlowId& id, TimePoint now);
  void Hold(const flow::Flow& flow, InboundMessage message, TimePoint now);
  void DropOldest(HeldMessages& group, const std::string& why, TimePoint now);
  /// The message of a flow that is blocked waits behind those that do, or is dropped where the group or its tenant has
  /// too much of them.
  void Block(const flow::Flow& flow, Blocked& blocked, InboundMessage message, TimePoint now);
  std::optional<Blocked> TakeBlocked(const flow::Flow& flow);
  void CountDrop(Drops& drops, const flow::Flow& flow, const std::string& why, TimePoint now);

  ShardContext& context_;
  const FlowOptions& options_;
  ShardFlows& flows_;
  EdgeDatagrams& datagrams_;
  RelayRouter router_;
  std::unordered_map<flow::FlowId, Blocked> blocked_;
  std::unordered_map<flow::Owner, BlockedGroup> blocked_groups_;
  std::unordered_map<flow::Owner, HeldMessages> held_;         // while no stream takes them
  std::unordered_map<flow::FlowId, RelayId> exclusive_owner_;  // the stream that sent on an exclusive flow first
  std::unordered_map<flow::FlowId, std::size_t> unsent_;       // octets in socket queues, where there are any
  std::size_t handover_octets_ = 0;

  /// Octets by tenant, where there are any; the operator's are not counted.
  class TenantOctets {
   public:
    std::size_t Of(const std::string& tenant) const;
    void Add(const std::string& tenant, std::size_t octets);
    void Take(const std::string& tenant, std::size_t octets);
    void clear() { octets_.clear(); }

   private:
    std::unordered_map<std::string, std::size_t> octets_;
  };
  TenantOctets tenant_held_;
  TenantOctets tenant_unsent_;
  TenantOctets tenant_handover_;
};

}  // namespace flowbroker::engine
