// The race of an acquisition: what it decides becomes connections, what happens to connections becomes its events.

#include <algorithm>
#include <utility>

#include "broker/engine/acquisitions.h"
#include "broker/sip/message_head.h"

namespace flowbroker::engine {
namespace {

void AppendReason(TraceStep& step, const std::string& text) {
  if (text.empty()) return;
  if (!step.reason.empty()) step.reason += "; ";
  step.reason += text;
}

/// Shows in the trace that the race waits for DNS although it has a candidate (RFC 8305 s.3).
void NoteWait(Acquisition& acquisition, bool better_may_come, TimePoint now) {
  const bool nothing_yet = std::ranges::none_of(acquisition.attempt_trace, [](const TraceStep& step) {
    return step.what == TraceWhat::kAttempt || step.what == TraceWhat::kWait;
  });
  if (nothing_yet && better_may_come) {
    acquisition.wait_step = acquisition.attempt_trace.size();
    acquisition.attempt_trace.push_back({TraceWhat::kWait, now, now, "late DNS answers", TraceOutcome::kPending,
                                         "a better target may come (RFC 8305 s.3)"});
  } else if (acquisition.wait_step && !acquisition.attempts.empty()) {
    TraceStep& step = acquisition.attempt_trace[*std::exchange(acquisition.wait_step, std::nullopt)];
    step.end = now;
    step.outcome = TraceOutcome::kSucceeded;
  }
}

}  // namespace

void Acquisitions::RunRace(Acquisition& acquisition, std::span<const racing::RaceEvent> events, TimePoint now) {
  std::vector<racing::RaceEvent> turn{
      racing::CapacityChanged{attempt_slots_.HasRoom(acquisition.request.owner.tenant)}};
  turn.insert(turn.end(), events.begin(), events.end());
  const std::uint64_t number = acquisition.number;
  for (const racing::RaceAction& action : acquisition.race->On(turn, now)) {
    Apply(acquisition, action, now);
    if (Find(number) == nullptr) return;  // answered or failed
  }
  if (!acquisition.background) NoteWait(acquisition, BetterMayCome(acquisition), now);
  if (!acquisition.race->awaits_capacity() || acquisition.starved || acquisition.woken) return;
  acquisition.starved = true;
  attempt_slots_.Wait(acquisition.request.owner.tenant, number);
  context_.state.observer.OnLimit(Limit::kAttempts);
}

void Acquisitions::Apply(Acquisition& acquisition, const racing::RaceAction& action, TimePoint now) {
  if (const auto* start = std::get_if<racing::StartAttempt>(&action)) return StartAttempt(acquisition, *start, now);
  if (const auto* won = std::get_if<racing::RaceWon>(&action)) return Win(acquisition, won->id, now);
  if (const auto* lost = std::get_if<racing::RaceLost>(&action)) {
    return Fail(acquisition, {lost->reason, acquisition.StateOfAttempts(now)}, now);
  }
  const auto& cancel = std::get<racing::CancelAttempt>(action);
  const bool lost = cancel.reason == FailureReason::kLostRace || cancel.reason == FailureReason::kOvertaken ||
                    cancel.reason == FailureReason::kCancelled;
  EndAttempt(acquisition, cancel.id, lost ? TraceOutcome::kLost : TraceOutcome::kFailed, {cancel.reason, ""}, now);
}

void Acquisitions::StartAttempt(Acquisition& acquisition, const racing::StartAttempt& start, TimePoint now) {
  if (RefuseForbidden(acquisition, start, now)) return;
  if (flow::Flow* flow = FreshFlowTo(acquisition, start.target, now)) {
    // The attempts before this one have used up their head starts, as if this one had won at once.
    while (!acquisition.attempts.empty()) {
      EndAttempt(acquisition, acquisition.attempts.front().id, TraceOutcome::kLost, {FailureReason::kOvertaken, ""},
                 now);
    }
    return AnswerFromPool(acquisition, *flow, now);
  }
  const Destination& destination = acquisition.request.destination;
  const flow::ConnectionId connection{context_.NextNumber()};
  acquisition.attempts.push_back({.id = start.id,
                                  .connection = connection,
                                  .path = acquisition.FindTarget(start.target)->path,
                                  .stage = FirstStage(start.target.transport),
                                  .started = now,
                                  .trace_step = acquisition.attempt_trace.size()});
  acquisition.attempt_trace.push_back(
      {TraceWhat::kAttempt, now, now, start.target.ToString(), TraceOutcome::kPending, "", start.target});
  context_.owners.emplace(connection, AttemptOf{acquisition.number});
  attempt_slots_.Take(acquisition.request.owner.tenant);
  context_.actions.io.emplace_back(OpenConnection{connection,
                                                  {.target = start.target,
                                                   .local_address = destination.local_address,
                                                   .local_interface = destination.local_interface,
                                                   .tls_identity = acquisition.tls_identity,
                                                   .for_handoff = acquisition.request.handoff}});
}

// Every connection begins with StartAttempt. Forbidden targets are left out when they are located; here are those that
// a change of the policy has forbidden since.
bool Acquisitions::RefuseForbidden(Acquisition& acquisition, const racing::StartAttempt& start, TimePoint now) {
  if (context_.live->egress.Allows(start.target)) return false;
  acquisition.attempt_trace.push_back({TraceWhat::kAttempt, now, now, start.target.ToString(), TraceOutcome::kFailed,
                                       "not begun: the egress policy has changed", start.target,
                                       FailureReason::kForbidden});
  acquisition.race_events.emplace_back(racing::AttemptFailed{start.id, FailureReason::kForbidden});
  Reschedule(acquisition);
  return true;
}

flow::Flow* Acquisitions::FreshFlowTo(const Acquisition& acquisition, const Target& target, TimePoint now) {
  if (acquisition.request.exclusive || acquisition.background) return nullptr;
  flow::Flow* flow = flows_.pool().FindShareable(KeyOf(acquisition, target));
  return flow != nullptr && flows_.IsFresh(*flow, now) ? flow : nullptr;
}

void Acquisitions::EndAttempt(Acquisition& acquisition, racing::AttemptId id, TraceOutcome outcome,
                              const Failure& failure, TimePoint now) {
  const Attempt* attempt = acquisition.FindAttempt(id);
  if (attempt == nullptr) return;
  TraceStep& step = acquisition.attempt_trace[attempt->trace_step];
  step.end = now;
  step.outcome = outcome;
  step.failure = failure.reason;
  AppendReason(step, failure.detail);
  context_.state.Record({attempt->path, attempt->stage, failure.reason, std::nullopt, now - attempt->started}, now);
  context_.Close(attempt->connection);
  ForgetAttempt(acquisition, id);
}

void Acquisitions::ForgetAttempt(Acquisition& acquisition, racing::AttemptId id) {
  std::erase_if(acquisition.attempts, [id](const Attempt& one) { return one.id == id; });
  attempt_slots_.Give(acquisition.request.owner.tenant);
  WakeStarved();
}

void Acquisitions::WakeStarved() {
  const auto number = attempt_slots_.Next();
  if (!number) return;
  Acquisition& next = acquisitions_.at(*number);
  next.starved = false;
  next.woken = true;  // it wakes the next one once it has used the room, or has not
  next.race_events.emplace_back(racing::TimerFired{});
  Reschedule(next);
}

void Acquisitions::Win(Acquisition& acquisition, racing::AttemptId id, TimePoint now) {
  const Attempt& attempt = *acquisition.FindAttempt(id);
  if (acquisition.background) return EndReprobe(acquisition, attempt, now);
  if (flow::Flow* equal = FreshFlowTo(acquisition, attempt.path.target, now)) {
    // Another name led to the same target meanwhile: one flow serves both.
    EndAttempt(acquisition, id, TraceOutcome::kLost, {FailureReason::kLostRace, "an equal flow came first"}, now);
    return AnswerFromPool(acquisition, *equal, now);
  }
  const auto early_messages = attempt.early_messages;
  auto key = KeyOf(acquisition, attempt.path.target);
  const auto flow = acquisition.request.held ? flows_.OpenHeld(std::move(key), attempt.connection, *attempt.local, now)
                                             : flows_.Open(std::move(key), attempt.connection, *attempt.local,
                                                           acquisition.request.exclusive, now);
  if (flow) (*flow)->peer = attempt.peer;
  if (!flow) {
    EndAttempt(acquisition, id, TraceOutcome::kFailed, flow.error(), now);
    return Fail(acquisition, flow.error(), now);
  }
  if (acquisition.request.handoff) handoffs_.Offer(**flow, now);
  std::vector<history::Path> candidates;
  for (const JudgedTarget& one : acquisition.judged) candidates.push_back(one.path);
  context_.state.history.RecordRace(attempt.path, candidates, now);
  context_.state.observer.OnRaceWon(attempt.path, std::size_t{id.value} + 1, candidates);
  TraceStep& step = acquisition.attempt_trace[attempt.trace_step];
  step.end = now;
  step.outcome = TraceOutcome::kWon;
  ForgetAttempt(acquisition, id);
  const flow::FlowId opened = (*flow)->id;
  Answer(acquisition, **flow, FlowSource::kRaced, now);
  Deliver(opened, early_messages, now);
}

void Acquisitions::EndReprobe(Acquisition& acquisition, const Attempt& attempt, TimePoint now) {
  const flow::FlowKey key = KeyOf(acquisition, attempt.path.target);
  context_.state.observer.OnReprobe(attempt.path, std::nullopt);
  const auto verdict = context_.state.history.Judge(attempt.path, now);
  // What works again serves the next request at once (H3, H11), without taking anything from one that has a flow.
  const bool wanted = acquisition.reprobe_of && verdict.reachability == history::Reachability::kReachable &&
                      flows_.pool().HasRoomFor(key.remote, key.owner.tenant) &&
                      flows_.pool().FindShareable(key) == nullptr;
  const auto flow = wanted ? flows_.Open(key, attempt.connection, *attempt.local, /*exclusive=*/false, now)
                           : Unexpected({FailureReason::kLostRace, ""});
  const auto early_messages = attempt.early_messages;
  if (flow) (*flow)->peer = attempt.peer;
  if (flow) destinations_.Forget(*acquisition.reprobe_of);
  if (!flow) context_.Close(attempt.connection);
  ForgetAttempt(acquisition, racing::AttemptId(attempt.id));
  Erase(acquisition, now);
  if (flow) Deliver((*flow)->id, early_messages, now);
}

void Acquisitions::Deliver(flow::FlowId to, const std::vector<std::string>& early_messages, TimePoint now) {
  for (const std::string& message : early_messages) {
    if (flow::Flow* open = flows_.pool().Find(to)) on_early_message_(*open, message, now);
  }
}

void Acquisitions::OnTlsBegins(std::uint64_t number, flow::ConnectionId id, std::optional<Duration> rtt,
                               TimePoint now) {
  Acquisition& acquisition = *Find(number);
  Attempt& attempt = *acquisition.FindAttempt(id);
  context_.state.Record({attempt.path, AttemptStage::kTcp, std::nullopt, rtt}, now);
  attempt.stage = AttemptStage::kTls;
  TraceStep& step = acquisition.attempt_trace[attempt.trace_step];
  AppendReason(step, "TCP up after " + Milliseconds(now - step.start));
  acquisition.race_events.emplace_back(racing::StageEntered{attempt.id, AttemptStage::kTls});
  Reschedule(acquisition);
}

void Acquisitions::OnTlsVerified(std::uint64_t number, flow::ConnectionId id, flow::TlsIdentities peer) {
  Find(number)->FindAttempt(id)->peer = std::make_shared<const flow::TlsIdentities>(std::move(peer));
}

void Acquisitions::OnConnected(std::uint64_t number, flow::ConnectionId id, const Endpoint& local,
                               std::optional<Duration> rtt, TimePoint now) {
  Acquisition& acquisition = *Find(number);
  Attempt& attempt = *acquisition.FindAttempt(id);
  attempt.local = local;
  if (attempt.stage == AttemptStage::kProbe) {
    StartProbe(attempt, now);
  } else {
    context_.state.Record(
        {attempt.path, attempt.stage, std::nullopt, rtt, rtt ? std::optional(now - attempt.started) : rtt}, now);
    acquisition.race_events.emplace_back(racing::AttemptSucceeded{attempt.id});
  }
  Reschedule(acquisition);
}

void Acquisitions::OnEnded(std::uint64_t number, flow::ConnectionId id, const Failure& failure, TimePoint now) {
  Acquisition& acquisition = *Find(number);
  FailAttempt(acquisition, acquisition.FindAttempt(id)->id, failure, now);
}

void Acquisitions::FailAttempt(Acquisition& acquisition, racing::AttemptId attempt, const Failure& failure,
                               TimePoint now) {
  EndAttempt(acquisition, attempt, TraceOutcome::kFailed, failure, now);
  acquisition.race_events.emplace_back(racing::AttemptFailed{attempt, failure.reason});
  Reschedule(acquisition);
}

void Acquisitions::StartProbe(Attempt& attempt, TimePoint now) {
  attempt.probe_request = MakeProbeRequest(attempt.path.target, *attempt.local, context_.random);
  attempt.probe.emplace(attempt.path.target.transport, ProbeOptionsFor(context_.state, attempt.path, now));
  attempt.probe->Start(now);
  context_.actions.io.emplace_back(SendBytes{attempt.connection, attempt.probe_request.bytes});
}

void Acquisitions::DriveProbes(Acquisition& acquisition, TimePoint now) {
  for (Attempt& attempt : acquisition.attempts) {
    // A probe that gives up is left to the race, whose time-out for the attempt is the same.
    if (attempt.probe && attempt.probe->OnTimer(now) == flow::Probe::Action::kSendOptions) {
      context_.actions.io.emplace_back(SendBytes{attempt.connection, attempt.probe_request.bytes});
    }
  }
}

void Acquisitions::OnReceived(std::uint64_t number, flow::ConnectionId id,
                              std::span<const sip::MessageFramer::Item> items, TimePoint now) {
  Acquisition& acquisition = *Find(number);
  Attempt& attempt = *acquisition.FindAttempt(id);
  for (const auto& item : items) {
    if (item.kind != sip::MessageFramer::Kind::kMessage) continue;
    if (!attempt.probe) {  // up, but not judged yet: at most what one turn of the event loop brings
      attempt.early_messages.emplace_back(item.bytes);
      continue;
    }
    const auto head = sip::ReadMessageHead(item.bytes);
    if (!head || head->is_request || head->top_via_branch != attempt.probe_request.branch) continue;
    const auto rtt = attempt.probe->OnAnswer(now);
    context_.state.Record({attempt.path, AttemptStage::kProbe, std::nullopt, rtt, rtt}, now);
    AppendReason(acquisition.attempt_trace[attempt.trace_step],
                 "OPTIONS answered " + std::to_string(head->status_code));
    attempt.probe.reset();
    acquisition.race_events.emplace_back(racing::AttemptSucceeded{attempt.id});
    Reschedule(acquisition);
  }
}

}  // namespace flowbroker::engine
