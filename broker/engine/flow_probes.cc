#include "broker/engine/flow_probes.h"

#include <algorithm>

#include "broker/sip/message_framer.h"

namespace flowbroker::engine {

FlowProbes::FlowProbes(ShardContext& context, ShardFlows& flows, OnEnded on_ended)
    : context_(context), flows_(flows), on_ended_(std::move(on_ended)) {}

void FlowProbes::Start(flow::Flow& flow, std::uint64_t acquisition, TimePoint now) {
  Running& running = FindOrStart(flow, ProbeOptionsFor(context_.state, flow.path(), now), now);
  running.ends_flow = true;
  running.acquisitions.push_back(acquisition);
}

void FlowProbes::Start(flow::Flow& flow, TimePoint deadline, ProbeCallback done, TimePoint now) {
  Running& running = FindOrStart(flow, ProbeOptionsFor(context_.state, flow.path(), now), now);
  running.ends_flow = true;
  running.callers.emplace_back(deadline, std::move(done));
  Reschedule(running);
}

void FlowProbes::StartKeepAlive(flow::Flow& flow, bool ends_flow, TimePoint now) {
  flow::ProbeOptions options = ProbeOptionsFor(context_.state, flow.path(), now);
  options.pings = false;  // what answers those has not answered OPTIONS
  options.time_limit = context_.state.options.flows.keep_alive.answer_time_limit;
  Running& running = FindOrStart(flow, options, now);
  running.ends_flow |= ends_flow;
}

FlowProbes::Running& FlowProbes::FindOrStart(flow::Flow& flow, const flow::ProbeOptions& options, TimePoint now) {
  if (const auto found = running_.find(flow.id); found != running_.end()) return found->second;
  const Target& target = flow.key.remote;
  Running fresh{.number = context_.NextNumber(),
                .probe = flow::Probe(target.transport, options),
                .request = MakeProbeRequest(target, flow.local, context_.random),
                .started = now};
  Running& running = running_.emplace(flow.id, std::move(fresh)).first->second;
  numbers_.emplace(running.number, flow.id);
  flows_.SetProbing(flow, true, now);
  Send(flow, running, running.probe.Start(now));
  Reschedule(running);
  return running;
}

void FlowProbes::Send(const flow::Flow& flow, const Running& running, flow::Probe::Action action) {
  const bool ping = action == flow::Probe::Action::kSendPing;
  context_.actions.io.emplace_back(
      SendBytes{flow.connection, ping ? std::string(sip::kPingOctets) : running.request.bytes});
}

void FlowProbes::Reschedule(Running& running) {
  TimePoint next = running.probe.NextDeadline();
  for (const auto& [deadline, done] : running.callers) next = std::min(next, deadline);
  context_.deadlines.Move(running.number, running.scheduled, next);
}

bool FlowProbes::OnTimer(std::uint64_t number, TimePoint now) {
  const auto found = numbers_.find(number);
  if (found == numbers_.end()) return false;
  const flow::FlowId id = found->second;
  Running& running = running_.at(id);
  flow::Flow& flow = *flows_.pool().Find(id);
  const auto action = running.probe.OnTimer(now);
  if (action == flow::Probe::Action::kFail) {
    Fail(flow, now);
    return true;
  }
  if (action) Send(flow, running, *action);
  ExpireCallers(running, now);
  Reschedule(running);
  return true;
}

void FlowProbes::Fail(flow::Flow& flow, TimePoint now) {
  if (flow.reading_paused) {  // its answer may lie unread behind messages that nobody takes
    return End(flow::FlowId(flow.id), Unexpected({FailureReason::kLimitReached, "no Relay stream takes its messages"}),
               now);
  }
  if (!running_.at(flow.id).ends_flow) {
    return End(flow::FlowId(flow.id), Unexpected({FailureReason::kProbeTimedOut, "a keep-alive"}), now);
  }
  flows_.RecordProbe(flow, FailureReason::kProbeTimedOut, std::nullopt, now);
  flows_.Close(flow, {FailureReason::kProbeTimedOut, ""}, now);  // comes back in OnFlowClosed
}

void FlowProbes::ExpireCallers(Running& running, TimePoint now) {
  std::erase_if(running.callers, [this, now](auto& caller) {
    if (caller.first > now) return false;
    context_.actions.calls.emplace_back(
        [done = std::move(caller.second)] { done(Unexpected({FailureReason::kDeadlineExceeded, "no answer yet"})); });
    return true;
  });
}

bool FlowProbes::Expects(const flow::FlowId& flow, std::string_view branch) const {
  const auto found = running_.find(flow);
  return found != running_.end() && found->second.request.branch == branch;
}

void FlowProbes::OnAnswer(flow::Flow& flow, const std::string& answer, TimePoint now) {
  const auto found = running_.find(flow.id);
  if (found == running_.end()) return;
  const Running& running = found->second;
  flows_.RecordProbe(flow, std::nullopt, running.probe.OnAnswer(now), now);
  End(flow::FlowId(flow.id), ProbeResult{true, now - running.started, answer}, now);
}

void FlowProbes::OnFlowClosed(const flow::FlowId& flow, const Failure& failure, TimePoint now) {
  if (failure.reason == FailureReason::kProbeTimedOut) return End(flow, ProbeResult{false, std::nullopt, ""}, now);
  End(flow, Unexpected(failure), now);
}

void FlowProbes::End(const flow::FlowId& flow, const Expected<ProbeResult>& result, TimePoint now) {
  auto ended = running_.extract(flow);
  if (ended.empty()) return;
  Running& running = ended.mapped();
  numbers_.erase(running.number);
  context_.deadlines.Move(running.number, running.scheduled, kNever);
  if (flow::Flow* open = flows_.pool().Find(flow)) flows_.SetProbing(*open, false, now);
  for (auto& caller : running.callers) {
    context_.actions.calls.emplace_back([done = std::move(caller.second), result] { done(result); });
  }
  Ended told{.flow = flow,
             .alive = result && result->alive,
             .answer = result ? result->answer : "",
             .failure = std::nullopt,
             .started = running.started,
             .acquisitions = std::move(running.acquisitions)};
  if (!told.alive) told.failure = result ? FailureReason::kProbeTimedOut : result.error().reason;
  on_ended_(told, now);
}

}  // namespace flowbroker::engine
