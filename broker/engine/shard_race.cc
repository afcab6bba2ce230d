// Attempts: what the race decides becomes connections, what happens to connections becomes events of the race.

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "broker/engine/shard_core.h"
#include "broker/sip/message_head.h"
#include "broker/sip/options_probe.h"

namespace flowbroker::engine {
namespace {

std::string Milliseconds(Duration duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", ToMilliseconds(duration));
  return text.data();
}

void AppendReason(TraceStep& step, const std::string& text) {
  if (text.empty()) return;
  if (!step.reason.empty()) step.reason += "; ";
  step.reason += text;
}

}  // namespace

void ShardCore::RunRace(Acquisition& acquisition, std::span<const racing::RaceEvent> events, TimePoint now) {
  std::vector<racing::RaceEvent> turn{racing::CapacityChanged{attempts_in_flight_ < max_attempts_}};
  turn.insert(turn.end(), events.begin(), events.end());
  const std::uint64_t number = acquisition.number;
  for (const racing::RaceAction& action : acquisition.race->On(turn, now)) {
    Apply(acquisition, action, now);
    if (FindAcquisition(number) == nullptr) return;  // answered or failed: that was the last action
  }
  NoteWait(acquisition, now);
  if (!acquisition.race->awaits_capacity() || acquisition.starved) return;
  acquisition.starved = true;
  starved_.push_back(number);
  state_.observer.OnLimit(Limit::kAttempts);
}

void ShardCore::NoteWait(Acquisition& acquisition, TimePoint now) {
  const bool waiting = acquisition.locator && acquisition.locator->better_may_come() && acquisition.attempts.empty() &&
                       acquisition.attempt_trace.empty();
  if (waiting) {
    acquisition.attempt_trace.push_back({TraceWhat::kWait, now, now, "late DNS answers", TraceOutcome::kPending,
                                         "a better target may come (RFC 8305 s.3)"});
    acquisition.wait_step = 0;
  } else if (acquisition.wait_step && !acquisition.attempts.empty()) {
    TraceStep& step = acquisition.attempt_trace[*acquisition.wait_step];
    step.end = now;
    step.outcome = TraceOutcome::kSucceeded;
    acquisition.wait_step.reset();
  }
}

void ShardCore::Apply(Acquisition& acquisition, const racing::RaceAction& action, TimePoint now) {
  if (const auto* start = std::get_if<racing::StartAttempt>(&action)) return StartAttempt(acquisition, *start, now);
  if (const auto* won = std::get_if<racing::RaceWon>(&action)) return Win(acquisition, won->id, now);
  if (const auto* lost = std::get_if<racing::RaceLost>(&action)) {
    return Fail(acquisition, {lost->reason, acquisition.FailedAttempts()}, now);
  }
  const auto& cancel = std::get<racing::CancelAttempt>(action);
  const bool lost_only = cancel.reason == FailureReason::kLostRace || cancel.reason == FailureReason::kCancelled;
  EndAttempt(acquisition, cancel.id, lost_only ? TraceOutcome::kLost : TraceOutcome::kFailed, {cancel.reason, ""}, now);
}

void ShardCore::StartAttempt(Acquisition& acquisition, const racing::StartAttempt& start, TimePoint now) {
  if (const flow::Flow* flow = FreshFlowTo(acquisition, start.target, now)) {
    return Answer(acquisition, *flow, FlowSource::kPooled, now);
  }
  const Destination& destination = acquisition.request.destination;
  const flow::ConnectionId connection = NextConnection();
  acquisition.attempts.push_back({.id = start.id,
                                  .connection = connection,
                                  .target = start.target,
                                  .stage = FirstStage(start.target.transport),
                                  .trace_step = acquisition.attempt_trace.size()});
  acquisition.attempt_trace.push_back(
      {TraceWhat::kAttempt, now, now, start.target.ToString(), TraceOutcome::kPending, "", start.target});
  owners_.emplace(connection, AttemptOf{acquisition.number});
  ++attempts_in_flight_;
  actions_.io.emplace_back(OpenConnection{connection,
                                          {.target = start.target,
                                           .local_address = destination.local_address,
                                           .local_interface = destination.local_interface,
                                           .tls_identity = acquisition.tls_identity}});
}

const flow::Flow* ShardCore::FreshFlowTo(const Acquisition& acquisition, const Target& target, TimePoint now) {
  if (acquisition.request.exclusive) return nullptr;
  const flow::Flow* flow = pool_.FindShareable(KeyOf(acquisition, target));
  return flow != nullptr && IsFresh(*flow, now) ? flow : nullptr;
}

void ShardCore::EndAttempt(Acquisition& acquisition, racing::AttemptId id, TraceOutcome outcome, const Failure& failure,
                           TimePoint now) {
  Attempt* attempt = acquisition.FindAttempt(id);
  if (attempt == nullptr) return;
  TraceStep& step = acquisition.attempt_trace[attempt->trace_step];
  step.end = now;
  step.outcome = outcome;
  step.failure = failure.reason;
  AppendReason(step, failure.detail);
  RecordOutcome(attempt->target, attempt->stage, failure.reason, std::nullopt, now);
  if (owners_.erase(attempt->connection) > 0) actions_.io.emplace_back(CloseConnection{attempt->connection});
  std::erase_if(acquisition.attempts, [id](const Attempt& one) { return one.id == id; });
  FreeAttempt();
}

void ShardCore::FreeAttempt() {
  --attempts_in_flight_;
  while (!starved_.empty()) {
    Acquisition* next = FindAcquisition(starved_.front());
    starved_.pop_front();
    if (next == nullptr) continue;
    next->starved = false;
    next->race_events.emplace_back(racing::TimerFired{});
    return Reschedule(*next);
  }
}

void ShardCore::Win(Acquisition& acquisition, racing::AttemptId id, TimePoint now) {
  const Attempt attempt = *acquisition.FindAttempt(id);
  if (state_.flows.fetch_add(1) >= state_.options.flows.max_flows || !pool_.HasRoomFor(attempt.target)) {
    const bool global = state_.flows.fetch_sub(1) > state_.options.flows.max_flows;
    state_.observer.OnLimit(global ? Limit::kFlows : Limit::kFlowsPerTarget);
    const Failure failure{FailureReason::kLimitReached, global ? "max_flows" : "max_flows_per_target"};
    EndAttempt(acquisition, id, TraceOutcome::kFailed, failure, now);
    return Fail(acquisition, failure, now);
  }
  TraceStep& step = acquisition.attempt_trace[attempt.trace_step];
  step.end = now;
  step.outcome = TraceOutcome::kWon;
  std::erase_if(acquisition.attempts, [id](const Attempt& one) { return one.id == id; });
  FreeAttempt();
  const flow::Flow& flow = pool_.Add(flow::FlowId::Make(index_, random_), KeyOf(acquisition, attempt.target),
                                     attempt.connection, *attempt.local, acquisition.request.exclusive, now);
  owners_[attempt.connection] = flow.id;
  EmitFlowEvent(FlowEventKind::kOpened, flow, std::nullopt, now);
  Answer(acquisition, flow, FlowSource::kRaced, now);
}

void ShardCore::OnTlsBegins(flow::ConnectionId id, std::optional<Duration> rtt, TimePoint now) {
  Acquisition* acquisition = AcquisitionOf(id);
  if (acquisition == nullptr) return;
  Attempt& attempt = *acquisition->FindAttempt(id);
  RecordOutcome(attempt.target, AttemptStage::kTcp, std::nullopt, rtt, now);
  attempt.stage = AttemptStage::kTls;
  TraceStep& step = acquisition->attempt_trace[attempt.trace_step];
  AppendReason(step, "TCP up after " + Milliseconds(now - step.start));
  acquisition->race_events.emplace_back(racing::StageEntered{attempt.id, AttemptStage::kTls});
  Reschedule(*acquisition);
}

void ShardCore::OnConnected(flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt, TimePoint now) {
  Acquisition* acquisition = AcquisitionOf(id);
  if (acquisition == nullptr) return;
  Attempt& attempt = *acquisition->FindAttempt(id);
  attempt.local = local;
  if (attempt.stage == AttemptStage::kProbe) {
    StartAttemptProbe(attempt, now);
  } else {
    RecordOutcome(attempt.target, attempt.stage, std::nullopt, rtt, now);
    acquisition->race_events.emplace_back(racing::AttemptSucceeded{attempt.id});
  }
  Reschedule(*acquisition);
}

void ShardCore::OnEnded(flow::ConnectionId id, const Failure& failure, TimePoint now) {
  const auto owner = owners_.extract(id);
  if (owner.empty()) return;
  if (const auto* flow_id = std::get_if<flow::FlowId>(&owner.mapped())) {
    if (flow::Flow* flow = pool_.Find(*flow_id)) CloseFlow(*flow, failure, now);
    return;
  }
  Acquisition* acquisition = FindAcquisition(std::get<AttemptOf>(owner.mapped()).acquisition);
  Attempt* attempt = acquisition == nullptr ? nullptr : acquisition->FindAttempt(id);
  if (attempt == nullptr) return;
  const racing::AttemptId attempt_id = attempt->id;
  EndAttempt(*acquisition, attempt_id, TraceOutcome::kFailed, failure, now);
  std::erase_if(acquisition->race_events,
                [attempt_id](const racing::RaceEvent& event) {  // it came and went in one turn
                  const auto* succeeded = std::get_if<racing::AttemptSucceeded>(&event);
                  return succeeded != nullptr && succeeded->id == attempt_id;
                });
  acquisition->race_events.emplace_back(racing::AttemptFailed{attempt_id, failure.reason});
  Reschedule(*acquisition);
}

void ShardCore::StartAttemptProbe(Attempt& attempt, TimePoint now) {
  const std::string token = ProbeToken();
  attempt.probe_branch = sip::OptionsProbeBranch(token);
  attempt.probe_request = WriteProbe(attempt.target, *attempt.local, token);
  attempt.probe.emplace(attempt.target.transport, ProbeOptionsFor(attempt.target));
  attempt.probe->Start(now);
  actions_.io.emplace_back(SendBytes{attempt.connection, attempt.probe_request});
}

void ShardCore::DriveAttemptProbes(Acquisition& acquisition, TimePoint now) {
  for (Attempt& attempt : acquisition.attempts) {
    if (!attempt.probe) continue;
    // The probe's own time limit is longer than the race's, which ends the attempt.
    if (attempt.probe->OnTimer(now) == flow::Probe::Action::kSendOptions) {
      actions_.io.emplace_back(SendBytes{attempt.connection, attempt.probe_request});
    }
  }
}

void ShardCore::OnAttemptItems(Acquisition& acquisition, flow::ConnectionId id,
                               std::span<const sip::MessageFramer::Item> items, TimePoint now) {
  Attempt& attempt = *acquisition.FindAttempt(id);
  if (!attempt.probe) return;
  for (const auto& item : items) {
    if (item.kind != sip::MessageFramer::Kind::kMessage) continue;
    const auto head = sip::ReadMessageHead(item.bytes);
    if (!head || head->is_request || head->top_via_branch != attempt.probe_branch) continue;
    RecordOutcome(attempt.target, AttemptStage::kProbe, std::nullopt, attempt.probe->OnAnswer(now), now);
    AppendReason(acquisition.attempt_trace[attempt.trace_step],
                 "OPTIONS answered " + std::to_string(head->status_code));
    attempt.probe.reset();
    acquisition.race_events.emplace_back(racing::AttemptSucceeded{attempt.id});
    return Reschedule(acquisition);
  }
}

void ShardCore::RecordOutcome(const Target& target, AttemptStage stage, std::optional<FailureReason> failure,
                              std::optional<Duration> rtt, TimePoint now) {
  const history::AttemptOutcome outcome{target, stage, failure, rtt};
  state_.history.Record(outcome, now);
  state_.observer.OnAttempt(outcome);
}

std::optional<racing::StageExpectation> ShardCore::Expectation(const Target& target, AttemptStage stage) const {
  const auto expected = state_.history.Expect(target, stage);
  if (!expected) return std::nullopt;
  return racing::StageExpectation{expected->estimate, expected->of_target, /*trusted=*/expected->of_target};
}

}  // namespace flowbroker::engine
