#include "tests/property/racing/referee.h"

#include <algorithm>

namespace flowbroker::racing {

using std::chrono::milliseconds;

void Referee::Watch(const Turn& turn) {
  if (over_) {
    Demand(turn.actions.empty(), Rule::kOneWinner, "acts after its end");
    return;
  }
  for (const RaceEvent& event : turn.events) {
    std::visit([&](const auto& e) { See(e, turn.now); }, event);
  }
  for (const RaceAction& action : turn.actions) {
    Demand(!over_, Rule::kOneWinner, "goes on after it was won or lost");
    std::visit([&](const auto& a) { Judge(a, turn.now); }, action);
  }
  if (abandoned_) over_ = true;
  JudgeStateAfter(turn);
}

void Referee::WatchEnd() {
  Demand(over_, Rule::kEndsOnce, "never ends");
  for (const Attempt& attempt : attempts_) {
    Demand(attempt.ends == 1, Rule::kEndsOnce,
           attempt.target.ToString() + " ended " + std::to_string(attempt.ends) + " times");
  }
}

// ---- Keeping the books ----

void Referee::See(const CandidatesChanged& event, TimePoint now) {
  known_ = event.candidates;
  dns_complete_ = event.complete;
  if (known_.empty()) return;
  first_start_ = std::min(first_start_, event.better_may_come ? now + milliseconds(50) : now);
}

void Referee::See(const StageEntered& event, TimePoint now) {
  if (Attempt* attempt = Open(event.id)) attempt->tls_entered = now;
}

void Referee::See(const AttemptSucceeded& event, TimePoint /*now*/) {
  if (Attempt* attempt = Open(event.id)) attempt->completed = true;
}

void Referee::See(const AttemptFailed& event, TimePoint now) {
  Attempt* attempt = Open(event.id);
  if (attempt == nullptr) return;
  attempt->failed = now;
  attempt->reason = event.reason;
  ++attempt->ends;
}

void Referee::See(const CapacityChanged& event, TimePoint /*now*/) {
  capacity_ = event.available;
}

void Referee::See(const Abandoned& /*event*/, TimePoint /*now*/) {
  abandoned_ = true;
}

void Referee::See(const TimerFired& /*event*/, TimePoint /*now*/) {}

// ---- Judging actions ----

void Referee::Judge(const StartAttempt& action, TimePoint now) {
  const std::string name = action.target.ToString();
  Demand(action.id.value == attempts_.size(), Rule::kEndsOnce, name + " has a used id");
  Demand(now >= EarliestStart(), Rule::kNotTooEarly, name + " starts too early");
  Demand(capacity_, Rule::kWithinLimits, name + " starts without capacity");
  JudgeChoice(action.target);
  attempts_.push_back({.target = action.target, .started = now});
  Demand(InFlight() <= (scenario_.options.parallel ? scenario_.options.max_parallel : 1), Rule::kWithinLimits,
         name + " is one too many");
}

void Referee::JudgeChoice(const Target& target) {
  Demand(!WasTried(target), Rule::kAlternates, target.ToString() + " is tried twice");
  const auto untried = [&](const Candidate& c) { return !WasTried(c.target); };
  const auto best = std::ranges::find_if(known_, untried);
  Demand(best != known_.end(), Rule::kAlternates, target.ToString() + " is no candidate");
  if (best == known_.end()) return;

  const auto in_group = [&](const Target& t) {
    return std::ranges::any_of(known_, [&](const Candidate& c) { return c.target == t && c.group == best->group; });
  };
  Demand(in_group(target), Rule::kAlternates, target.ToString() + " overtakes an earlier host");

  const auto last = std::find_if(attempts_.rbegin(), attempts_.rend(),
                                 [&](const Attempt& attempt) { return in_group(attempt.target); });
  const auto expected = std::ranges::find_if(known_, [&](const Candidate& c) {
    return untried(c) && c.group == best->group && last != attempts_.rend() &&
           c.target.family() != last->target.family();
  });
  Demand(target == (expected == known_.end() ? best->target : expected->target), Rule::kAlternates,
         target.ToString() + " is not the other family's turn");
}

void Referee::Judge(const CancelAttempt& action, TimePoint now) {
  Attempt* attempt = Open(action.id);
  Demand(attempt != nullptr, Rule::kEndsOnce, "cancels an attempt that is not in flight");
  if (attempt == nullptr) return;
  ++attempt->ends;
  if (action.reason == FailureReason::kLostRace || action.reason == FailureReason::kOvertaken ||
      action.reason == FailureReason::kCancelled) {
    return;
  }

  attempt->failed = now;
  attempt->reason = action.reason;
  const TimePoint stage_began = attempt->tls_entered.value_or(attempt->started);
  Demand(now >= stage_began + std::chrono::seconds(10), Rule::kNotTooEarly,
         attempt->target.ToString() + " is cancelled before its time-out");
}

void Referee::Judge(const RaceWon& action, TimePoint /*now*/) {
  over_ = true;
  Attempt* winner = Open(action.id);
  Demand(winner != nullptr && winner->completed, Rule::kOneWinner, "the winner has not completed");
  if (winner == nullptr) return;
  ++winner->ends;
  Demand(winner->target == action.target, Rule::kOneWinner, "names another target than it started");
  for (const Attempt& other : attempts_) {
    Demand(!other.completed || RankOf(winner->target) <= RankOf(other.target), Rule::kOneWinner,
           other.target.ToString() + " completed too and ranks better");
  }
}

void Referee::Judge(const RaceLost& action, TimePoint /*now*/) {
  over_ = true;
  Demand(dns_complete_ && !HasUntried(), Rule::kLostForAReason, "gives up with candidates left");
  const Attempt* best = nullptr;
  for (const Attempt& attempt : attempts_) {
    Demand(attempt.failed.has_value(), Rule::kLostForAReason, "gives up with attempts in flight");
    if (best == nullptr || RankOf(attempt.target) < RankOf(best->target)) best = &attempt;
  }
  const auto expected = best == nullptr ? FailureReason::kNoRecords : best->reason;
  Demand(action.reason == expected, Rule::kLostForAReason, "gives a reason that is not the best-ranked attempt's");
}

// ---- Judging the state after a turn ----

void Referee::JudgeStateAfter(const Turn& turn) {
  Demand(turn.finished == over_, Rule::kOneWinner, "finished() is wrong");
  Demand(turn.in_flight == InFlight(), Rule::kEndsOnce, "in_flight() is wrong");
  if (over_) {
    Demand(turn.deadline == kNever, Rule::kAlwaysADeadline, "has a deadline after its end");
    return;
  }
  const bool completed = std::ranges::any_of(attempts_, [](const Attempt& a) { return a.completed && a.ends == 0; });
  Demand(!completed, Rule::kOneWinner, "an attempt completed and nobody won");
  Demand(turn.deadline > turn.now, Rule::kAlwaysADeadline, "its deadline is not ahead");
  if (InFlight() > 0) {
    Demand(turn.deadline != kNever, Rule::kAlwaysADeadline, "has no deadline with attempts in flight");
  } else {
    Demand(turn.deadline != kNever || !dns_complete_ || !capacity_, Rule::kAlwaysADeadline, "waits for nothing");
  }
  if (!MayStart()) return;
  Demand(EarliestStart() > turn.now, Rule::kNotTooLate, "misses a start");
  Demand(turn.deadline <= EarliestStart(), Rule::kNotTooLate, "will be late for the next start");
}

TimePoint Referee::EarliestStart() const {
  if (attempts_.empty()) return first_start_;
  const Attempt& latest = attempts_.back();
  const AttemptStage stage = latest.tls_entered ? AttemptStage::kTls : FirstStage(latest.target.transport);
  const Duration d = AttemptDelay(ExpectationIn(scenario_, latest.target, stage), scenario_.options.delay);
  const TimePoint stage_began = latest.tls_entered.value_or(latest.started);
  const TimePoint after_delay = scenario_.options.parallel ? stage_began + d : kNever;
  if (!latest.failed) return after_delay;
  return std::min(after_delay, std::max(*latest.failed, latest.started + milliseconds(10)));
}

bool Referee::MayStart() const {
  return capacity_ && HasUntried() && InFlight() < scenario_.options.max_parallel;
}

std::size_t Referee::InFlight() const {
  return static_cast<std::size_t>(std::ranges::count(attempts_, 0, &Attempt::ends));
}

bool Referee::WasTried(const Target& target) const {
  return std::ranges::find(attempts_, target, &Attempt::target) != attempts_.end();
}

bool Referee::HasUntried() const {
  return std::ranges::any_of(known_, [this](const Candidate& c) { return !WasTried(c.target); });
}

std::size_t Referee::RankOf(const Target& target) const {
  return static_cast<std::size_t>(std::ranges::find(known_, target, &Candidate::target) - known_.begin());
}

Referee::Attempt* Referee::Open(AttemptId id) {
  if (id.value >= attempts_.size() || attempts_[id.value].ends > 0) return nullptr;
  return &attempts_[id.value];
}

void Referee::Demand(bool holds, Rule rule, const std::string& otherwise) {
  if (!holds) complaints_.push_back({rule, otherwise});
}

std::vector<Complaint> ComplaintsAbout(const Scenario& scenario) {
  Referee referee(scenario);
  for (const Turn& turn : RunRace(scenario)) referee.Watch(turn);
  referee.WatchEnd();
  return referee.complaints();
}

}  // namespace flowbroker::racing
