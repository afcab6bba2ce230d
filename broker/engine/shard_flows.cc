// The life of a flow after its race: views, probes, its end.

#include <algorithm>
#include <array>
#include <utility>

#include "broker/engine/shard_core.h"
#include "broker/sip/options_probe.h"

namespace flowbroker::engine {
namespace {

constexpr std::string_view kPing = "\r\n\r\n";  // RFC 5626 s.4.4.1

}  // namespace

FlowView ShardCore::ViewOf(const flow::Flow& flow, bool open) const {
  const AttemptStage stage = flow.key.remote.transport == Transport::kUdp ? AttemptStage::kProbe : AttemptStage::kTcp;
  const auto expected = state_.history.Expect(flow.key.remote, stage);
  return {.id = flow.id,
          .remote = flow.key.remote,
          .local = flow.local,
          .open = open,
          .probing = flow.probing,
          .exclusive = flow.exclusive,
          .tls_identity = flow.key.tls_identity,
          .client_group = flow.key.client_group,
          .opened = flow.opened,
          .last_activity = flow.last_activity,
          .messages_sent = flow.messages_sent,
          .messages_received = flow.messages_received,
          .smoothed_rtt = expected ? std::optional(expected->estimate.smoothed()) : std::nullopt};
}

std::optional<FlowView> ShardCore::GetFlow(const flow::FlowId& id) const {
  const flow::Flow* flow = pool_.Find(id);
  if (flow == nullptr) return std::nullopt;
  return ViewOf(*flow, true);
}

void ShardCore::EmitFlowEvent(FlowEventKind kind, const flow::Flow& flow, std::optional<Failure> failure,
                              TimePoint now) {
  const bool open = kind != FlowEventKind::kClosed;
  state_.observer.OnFlowEvent(
      state_.events.Append({.sequence = 0, .time = now, .kind = kind, .flow = ViewOf(flow, open), .failure = failure}));
}

bool ShardCore::Release(const flow::FlowId& id, TimePoint now) {
  flow::Flow* flow = pool_.Find(id);
  if (flow == nullptr) return false;
  if (flow->exclusive) CloseFlow(*flow, {FailureReason::kClosedByOwner, "released"}, now);
  return true;
}

bool ShardCore::Close(const flow::FlowId& id, const Failure& failure, TimePoint now) {
  flow::Flow* flow = pool_.Find(id);
  if (flow == nullptr) return false;
  CloseFlow(*flow, failure, now);
  return true;
}

void ShardCore::CloseFlow(flow::Flow& flow, const Failure& failure, TimePoint now) {
  const flow::Flow closed = *pool_.Remove(flow::FlowId(flow.id));
  state_.flows.fetch_sub(1);
  if (owners_.erase(closed.connection) > 0) actions_.io.emplace_back(CloseConnection{closed.connection});
  unsent_.erase(closed.id);
  exclusive_owner_.erase(closed.id);
  EmitFlowEvent(FlowEventKind::kClosed, closed, failure, now);
  if (const auto blocked = blocked_.extract(closed.id)) {
    // The peer sent them before it went: they still go to whoever has room, or are held.
    for (InboundMessage& message : blocked.mapped().messages) Hold(closed, std::move(message), now);
  }
  EndProbe(closed.id, Unexpected(failure), now);
}

flow::ProbeOptions ShardCore::ProbeOptionsFor(const Target& target) const {
  const auto expected = state_.history.Expect(target, AttemptStage::kProbe);
  const auto estimate = expected ? std::optional(expected->estimate) : std::nullopt;
  return {.t1 = history::AdviseTimers(estimate, state_.options.timers).t1,
          .time_limit = state_.options.racing.probe_timeout};
}

std::string ShardCore::ProbeToken() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  for (std::uint64_t half = 0; half < 2; ++half) {
    std::uint64_t bits = random_.NextBits();
    for (int i = 0; i < 16; ++i, bits >>= 4U) token += kDigits[bits & 15U];
  }
  return token;
}

std::string ShardCore::WriteProbe(const Target& target, const Endpoint& local, std::string_view token) const {
  const IpAddress& address = target.endpoint.address;
  const std::string host = address.is_ipv4() ? address.ToString() : "[" + address.ToString() + "]";
  return sip::WriteOptionsProbe({.target = target, .local = local, .token = token, .uri_host = host});
}

ShardCore::FlowProbe& ShardCore::StartProbe(flow::Flow& flow, TimePoint now) {
  if (const auto running = probes_.find(flow.id); running != probes_.end()) return running->second;
  const std::string token = ProbeToken();
  FlowProbe& probe =
      probes_
          .emplace(flow.id, FlowProbe{.number = ++last_number_,
                                      .probe = flow::Probe(flow.key.remote.transport, ProbeOptionsFor(flow.key.remote)),
                                      .started = now,
                                      .request = WriteProbe(flow.key.remote, flow.local, token),
                                      .branch = sip::OptionsProbeBranch(token)})
          .first->second;
  probe_numbers_.emplace(probe.number, flow.id);
  flow.probing = true;
  DriveProbe(flow, probe, probe.probe.Start(now));
  return probe;
}

void ShardCore::DriveProbe(const flow::Flow& flow, FlowProbe& probe, flow::Probe::Action action) {
  switch (action) {
    case flow::Probe::Action::kSendPing:
      actions_.io.emplace_back(SendBytes{flow.connection, std::string(kPing)});
      break;
    case flow::Probe::Action::kSendOptions:
      actions_.io.emplace_back(SendBytes{flow.connection, probe.request});
      break;
    case flow::Probe::Action::kFail:
      break;
  }
  RescheduleProbe(probe);
}

void ShardCore::RescheduleProbe(FlowProbe& probe) {
  TimePoint next = probe.probe.NextDeadline();
  for (const auto& [deadline, done] : probe.callers) next = std::min(next, deadline);
  Schedule(probe.number, probe.scheduled, next);
}

void ShardCore::ProbeFlow(const flow::FlowId& id, TimePoint deadline, ProbeCallback done, TimePoint now) {
  flow::Flow* flow = pool_.Find(id);
  if (flow == nullptr) {
    actions_.calls.emplace_back([done = std::move(done)] { done(Unexpected({FailureReason::kUnknownFlow, ""})); });
    return;
  }
  FlowProbe& probe = StartProbe(*flow, now);
  probe.callers.emplace_back(deadline, std::move(done));
  RescheduleProbe(probe);
}

void ShardCore::OnProbeTimer(const flow::FlowId& id, TimePoint now) {
  flow::Flow& flow = *pool_.Find(id);
  FlowProbe& probe = probes_.at(id);
  const bool caller_out_of_time =
      std::ranges::any_of(probe.callers, [now](const auto& caller) { return caller.first <= now; });
  const auto action = probe.probe.OnTimer(now);
  if (action == flow::Probe::Action::kFail || caller_out_of_time) {
    RecordOutcome(flow.key.remote, AttemptStage::kProbe, FailureReason::kProbeTimedOut, std::nullopt, now);
    EndProbe(id, ProbeResult{false, std::nullopt, ""}, now);
    if (flow::Flow* silent = pool_.Find(id)) CloseFlow(*silent, {FailureReason::kProbeTimedOut, ""}, now);
    return;
  }
  if (action) return DriveProbe(flow, probe, *action);
  RescheduleProbe(probe);
}

bool ShardCore::OnProbeAnswer(flow::Flow& flow, const std::string& answer, TimePoint now) {
  const auto running = probes_.find(flow.id);
  if (running == probes_.end()) return false;
  const std::optional<Duration> rtt = running->second.probe.OnAnswer(now);
  RecordOutcome(flow.key.remote, AttemptStage::kProbe, std::nullopt, rtt, now);
  EndProbe(flow.id, ProbeResult{true, now - running->second.started, answer}, now);
  return true;
}

void ShardCore::EndProbe(const flow::FlowId& id, Expected<ProbeResult> result, TimePoint now) {
  auto ended = probes_.extract(id);
  if (ended.empty()) return;
  FlowProbe& probe = ended.mapped();
  probe_numbers_.erase(probe.number);
  deadlines_.erase({probe.scheduled, probe.number});
  flow::Flow* flow = pool_.Find(id);
  if (flow != nullptr) flow->probing = false;
  for (auto& [deadline, done] : probe.callers) {
    actions_.calls.emplace_back([done = std::move(done), result] { done(result); });
  }
  const bool alive = flow != nullptr && result && result->alive;
  for (const std::uint64_t number : probe.acquisitions) {
    Acquisition* acquisition = FindAcquisition(number);
    if (acquisition == nullptr) continue;
    acquisition->attempt_trace.push_back({TraceWhat::kProbe, probe.started, now, "existing flow",
                                          alive ? TraceOutcome::kSucceeded : TraceOutcome::kFailed,
                                          alive ? result->answer : "no answer in time", std::nullopt,
                                          alive ? std::nullopt : std::optional(FailureReason::kProbeTimedOut)});
    if (alive) {
      Answer(*acquisition, *flow, FlowSource::kProbed, now);
    } else if (acquisition->hedge_at != kNever) {
      OnHedgeDue(*acquisition, now);
      if (FindAcquisition(number) != nullptr) Reschedule(*acquisition);
    }
  }
}

bool ShardCore::Report(const TransactionReport& report, TimePoint now) {
  flow::Flow* flow = pool_.Find(report.flow);
  if (flow == nullptr) return false;
  if (report.outcome != TransactionReport::Outcome::kAnswered) return true;  // their effect comes with the memory rules
  RecordOutcome(flow->key.remote, AttemptStage::kProbe, std::nullopt, report.rtt, now);
  pool_.NoteEvidence(*flow, now);
  return true;
}

}  // namespace flowbroker::engine
