#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/engine/probe_request.h"
#include "broker/engine/shard_context.h"
#include "broker/engine/shard_flows.h"
#include "broker/flow/probe.h"

namespace flowbroker::engine {

/// The probes of existing flows under way in one shard, one per flow at most, and everyone who waits for their end.
class FlowProbes {
 public:
  /// How a probe ended, for the acquisitions that wait for it.
  struct Ended {
    flow::FlowId flow;
    bool alive;
    std::string answer;                    ///< "CRLF", "OPTIONS 200"; empty where none came
    std::optional<FailureReason> failure;  ///< set exactly when not alive
    TimePoint started;
    std::vector<std::uint64_t> acquisitions;
  };
  using OnEnded = std::function<void(const Ended&, TimePoint now)>;

  FlowProbes(ShardContext& context, ShardFlows& flows, OnEnded on_ended);

  /// Begins a probe unless one is under way; `acquisition` is told of its end.
  void Start(flow::Flow& flow, std::uint64_t acquisition, TimePoint now);
  /// The same for a caller who gives up at `deadline`; the probe goes on to its own end.
  void Start(flow::Flow& flow, TimePoint deadline, ProbeCallback done, TimePoint now);

  /// The same for a keep-alive, where silence ends the flow only if `ends_flow`, or if anybody else waits for the
  /// probe.
  void StartKeepAlive(flow::Flow& flow, bool ends_flow, TimePoint now);

  /// Whether `branch` is that of the probe under way on `flow`.
  bool Expects(const flow::FlowId& flow, std::string_view branch) const;
  /// The peer answered; nothing happens where no probe is under way.
  void OnAnswer(flow::Flow& flow, const std::string& answer, TimePoint now);
  void OnFlowClosed(const flow::FlowId& flow, const Failure& failure, TimePoint now);

  /// Whether `number` was a probe's, which has then been dealt with.
  bool OnTimer(std::uint64_t number, TimePoint now);

 private:
  struct Running {
    std::uint64_t number;
    flow::Probe probe;
    ProbeRequest request;
    TimePoint started;
    bool ends_flow = false;                                         // where no answer comes
    std::vector<std::pair<TimePoint, ProbeCallback>> callers = {};  // with their deadlines
    std::vector<std::uint64_t> acquisitions = {};
    TimePoint scheduled = kNever;
  };

  Running& FindOrStart(flow::Flow& flow, const flow::ProbeOptions& options, TimePoint now);
  void Send(const flow::Flow& flow, const Running& running, flow::Probe::Action action);
  void Reschedule(Running& running);
  void Fail(flow::Flow& flow, TimePoint now);
  void ExpireCallers(Running& running, TimePoint now);
  void End(const flow::FlowId& flow, const Expected<ProbeResult>& result, TimePoint now);

  ShardContext& context_;
  ShardFlows& flows_;
  OnEnded on_ended_;
  std::unordered_map<flow::FlowId, Running> running_;
  std::unordered_map<std::uint64_t, flow::FlowId> numbers_;
};

}  // namespace flowbroker::engine
