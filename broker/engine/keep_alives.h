#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>

#include "broker/engine/flow_probes.h"
#include "broker/engine/shard_context.h"
#include "broker/engine/shard_flows.h"
#include "broker/flow/calendar_queue.h"
#include "broker/flow/keep_alive.h"
#include "broker/sip/stun_message.h"

namespace flowbroker::engine {

/// Keeps the flows of one shard alive and notices those that have died (O4-O6, S9).
class KeepAlives {
 public:
  KeepAlives(ShardContext& context, ShardFlows& flows, FlowProbes& probes);

  /// By the method and the interval that the options name for its transport.
  void OnOpened(flow::Flow& flow, TimePoint now);
  /// From now on by this method; kInvalidArgument where the flow's transport does not have it. `flow_timer`: what the
  /// server has asked for.
  Expected<void> Configure(flow::Flow& flow, flow::KeepAliveMethod method, std::optional<Duration> flow_timer,
                           TimePoint now);
  /// The peer has answered a CRLF or an OPTIONS of ours, which may be a probe's.
  void OnAnswer(flow::Flow& flow, flow::KeepAliveMethod method, TimePoint now);

  /// A STUN message came. Only the answer to the request that waits counts; one that shows another address of ours than
  /// the one before ends the flow (O5).
  void OnStun(flow::Flow& flow, std::string_view bytes, TimePoint now);
  void OnFlowClosed(const flow::Flow& flow) { stun_.erase(flow.id); }

  TimePoint NextDeadline() const { return calendar_.NextDeadline(); }
  void OnTimer(TimePoint now);

 private:
  /// A flow's place in the calendar; one that its flow has left is nobody's.
  struct Place {
    flow::FlowId flow;
    TimePoint when;
  };

  /// What a flow that is asked by STUN knows of it.
  struct Stun {
    sip::StunTransactionId id;            // of the newest request
    std::optional<Endpoint> mapped = {};  // our address as the peer saw it
  };

  void Plan(flow::Flow& flow, TimePoint now);
  void OnDue(flow::Flow& flow, TimePoint now);
  void Ask(flow::Flow& flow, TimePoint now);
  void SendStun(flow::Flow& flow);
  void Fail(flow::Flow& flow, TimePoint now);

  ShardContext& context_;
  const flow::KeepAliveOptions& options_;
  ShardFlows& flows_;
  FlowProbes& probes_;
  flow::CalendarQueue<Place> calendar_;
  std::unordered_map<flow::FlowId, Stun> stun_;
};

}  // namespace flowbroker::engine
