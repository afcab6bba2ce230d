#include "broker/racing/race.h"

#include <algorithm>
#include <utility>

namespace flowbroker::racing {
namespace {

/// What its own time-out means for an attempt in `stage`.
FailureReason TimeoutReason(AttemptStage stage) {
  switch (stage) {
    case AttemptStage::kTcp:
      return FailureReason::kTimedOut;
    case AttemptStage::kTls:
      return FailureReason::kTlsTimedOut;
    case AttemptStage::kProbe:
      return FailureReason::kProbeTimedOut;
  }
  __builtin_unreachable();
}

}  // namespace

Race::Race(RaceOptions options, ExpectationOf expectation_of)
    : options_(options), expectation_of_(std::move(expectation_of)) {}

std::vector<RaceAction> Race::On(std::span<const RaceEvent> events, TimePoint now) {
  Actions actions;
  if (finished()) return actions;
  for (const RaceEvent& event : events) {
    std::visit([&](const auto& e) { Note(e, now); }, event);
  }
  Decide(now, actions);
  return actions;
}

TimePoint Race::NextDeadline() const {
  if (finished()) return kNever;
  TimePoint deadline = MayStartAnother() ? next_start_ : kNever;
  for (const Attempt& attempt : attempts_) {
    if (attempt.state == AttemptState::kInFlight) deadline = std::min(deadline, attempt.times_out);
  }
  return deadline;
}

std::size_t Race::in_flight() const {
  const auto count = std::ranges::count(attempts_, AttemptState::kInFlight, &Attempt::state);
  return static_cast<std::size_t>(count);
}

bool Race::awaits_capacity() const {
  return !finished() && !capacity_available_ && queue_.HasUntried();
}

// ---- Taking note ----

void Race::Note(const CandidatesChanged& event, TimePoint now) {
  queue_.Update(event.candidates);
  candidates_complete_ = event.complete;
  if (phase_ != Phase::kAwaitingFirstStart || !queue_.HasUntried()) return;

  // RFC 8305 s.3: "If a positive A response is received first due to reordering, the client SHOULD wait a short time
  // for the AAAA response to ensure that preference is given to IPv6". The wait counts from the first candidate
  // (next_start_ was "never") and is not prolonged by further ones.
  const Duration wait = event.better_may_come ? options_.resolution_delay : Duration::zero();
  next_start_ = std::min(next_start_, now + wait);
}

void Race::Note(const StageEntered& event, TimePoint now) {
  Attempt* attempt = InFlight(event.id);
  if (attempt == nullptr || attempt->stage != AttemptStage::kTcp || event.stage != AttemptStage::kTls) return;
  attempt->stage = AttemptStage::kTls;
  attempt->times_out = now + options_.tls_timeout;

  // "When TCP is up and TLS begins, the delay is re-armed with the TLS estimate."
  if (IsLatest(*attempt) && options_.parallel) next_start_ = now + DelayAfter(*attempt, now);
}

void Race::Note(const AttemptSucceeded& event, TimePoint /*now*/) {
  if (Attempt* attempt = InFlight(event.id)) attempt->state = AttemptState::kCompleted;
}

void Race::Note(const AttemptFailed& event, TimePoint now) {
  if (Attempt* attempt = NotEnded(event.id)) Fail(*attempt, event.reason, now);  // also what came and went in one turn
}

void Race::Note(const CapacityChanged& event, TimePoint /*now*/) {
  capacity_available_ = event.available;
}

void Race::Note(const Abandoned& /*event*/, TimePoint /*now*/) {
  abandoned_ = true;
}

void Race::Note(const TimerFired& /*event*/, TimePoint /*now*/) {}  // Decide looks at the time anyway

// ---- Deciding ----

void Race::Decide(TimePoint now, Actions& actions) {
  if (abandoned_) {
    CancelRemaining(FailureReason::kCancelled, actions);
    phase_ = Phase::kFinished;
    return;
  }
  CrownWinner(actions);
  if (finished()) return;
  ExpireSilentAttempts(now, actions);
  StartNextIfDue(now, actions);
  GiveUpIfNothingIsLeft(actions);
}

void Race::CrownWinner(Actions& actions) {
  // "Two completions in one turn: the better-ranked one wins, the other is closed."
  Attempt* winner = nullptr;
  for (Attempt& attempt : attempts_) {
    if (attempt.state != AttemptState::kCompleted) continue;
    if (winner == nullptr || RankOf(attempt) < RankOf(*winner)) winner = &attempt;
  }
  if (winner == nullptr) return;

  winner->state = AttemptState::kEnded;
  for (Attempt& attempt : attempts_) {
    if (attempt.state == AttemptState::kEnded) continue;
    // One that began earlier and is still under way has used up its head start; memory counts that against it.
    const bool overtaken = attempt.state == AttemptState::kInFlight && IdOf(attempt) < IdOf(*winner);
    Cancel(attempt, overtaken ? FailureReason::kOvertaken : FailureReason::kLostRace, actions);
  }
  actions.push_back(RaceWon{IdOf(*winner), winner->target});
  phase_ = Phase::kFinished;
}

void Race::ExpireSilentAttempts(TimePoint now, Actions& actions) {
  for (Attempt& attempt : attempts_) {
    if (attempt.state != AttemptState::kInFlight || now < attempt.times_out) continue;
    const FailureReason reason = TimeoutReason(attempt.stage);
    actions.push_back(CancelAttempt{IdOf(attempt), reason});
    Fail(attempt, reason, now);
  }
}

void Race::StartNextIfDue(TimePoint now, Actions& actions) {
  // "A pacing timer never cancels an attempt: it only starts the next one."
  if (now < next_start_ || !MayStartAnother()) return;
  if (const auto target = queue_.Take()) Start(*target, now, actions);
}

void Race::GiveUpIfNothingIsLeft(Actions& actions) {
  if (!candidates_complete_ || queue_.HasUntried() || in_flight() > 0) return;

  const auto best = std::ranges::min_element(attempts_, {}, [this](const Attempt& a) { return RankOf(a); });
  const auto failure = best == attempts_.end() ? std::nullopt : best->failure;
  actions.push_back(RaceLost{failure.value_or(FailureReason::kNoRecords)});
  phase_ = Phase::kFinished;
}

// ---- Attempts ----

void Race::Start(const Target& target, TimePoint now, Actions& actions) {
  const AttemptStage stage = FirstStage(target.transport);
  attempts_.push_back({.target = target,
                       .state = AttemptState::kInFlight,
                       .stage = stage,
                       .started = now,
                       .times_out = now + StageTimeout(stage),
                       .failure = std::nullopt});
  const Attempt& attempt = attempts_.back();
  actions.push_back(StartAttempt{IdOf(attempt), target});
  phase_ = Phase::kRunning;

  // "Attempt n+1 starts at min(s_n + d, ...": this is s_n + d. With racing off only a failure sets the next start (H8).
  next_start_ = options_.parallel ? now + DelayAfter(attempt, now) : kNever;
}

void Race::Fail(Attempt& attempt, FailureReason reason, TimePoint now) {
  attempt.state = AttemptState::kEnded;
  attempt.failure = reason;

  // "... max(f_n, s_n + 10 ms))": the failure of the latest attempt brings the next start forward.
  if (IsLatest(attempt)) next_start_ = std::min(next_start_, std::max(now, attempt.started + options_.min_spacing));
}

void Race::CancelRemaining(FailureReason reason, Actions& actions) {
  for (Attempt& attempt : attempts_) {
    if (attempt.state != AttemptState::kEnded) Cancel(attempt, reason, actions);
  }
}

void Race::Cancel(Attempt& attempt, FailureReason reason, Actions& actions) {
  attempt.state = AttemptState::kEnded;
  actions.push_back(CancelAttempt{IdOf(attempt), reason});
}

bool Race::MayStartAnother() const {
  return capacity_available_ && queue_.HasUntried() && in_flight() < std::max<std::size_t>(options_.max_parallel, 1);
}

Duration Race::DelayAfter(const Attempt& attempt, TimePoint now) const {
  const auto expectation = expectation_of_ ? expectation_of_(attempt.target, attempt.stage, now) : std::nullopt;
  return std::max(AttemptDelay(expectation, options_.delay), options_.min_spacing);
}

Duration Race::StageTimeout(AttemptStage stage) const {
  switch (stage) {
    case AttemptStage::kTcp:
      return options_.connect_timeout;
    case AttemptStage::kTls:
      return options_.tls_timeout;
    case AttemptStage::kProbe:
      return options_.probe_timeout;
  }
  __builtin_unreachable();
}

Race::Attempt* Race::NotEnded(AttemptId id) {
  if (id.value >= attempts_.size()) return nullptr;
  Attempt& attempt = attempts_[id.value];
  return attempt.state != AttemptState::kEnded ? &attempt : nullptr;
}

Race::Attempt* Race::InFlight(AttemptId id) {
  Attempt* attempt = NotEnded(id);
  return attempt != nullptr && attempt->state == AttemptState::kInFlight ? attempt : nullptr;
}

AttemptId Race::IdOf(const Attempt& attempt) const {
  return {static_cast<std::uint32_t>(&attempt - attempts_.data())};
}

}  // namespace flowbroker::racing
