#include "tests/property/racing/scripted_run.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace flowbroker::racing {
namespace {

constexpr TimePoint kStart = TimePoint{} + std::chrono::hours(1);
constexpr std::size_t kTooManyTurns = 2'000;

/// What will happen, in order of time and then of scheduling.
class Agenda {
 public:
  void Add(TimePoint when, RaceEvent event) { events_.emplace(when, std::move(event)); }
  TimePoint Next() const { return events_.empty() ? kNever : events_.begin()->first; }
  std::vector<RaceEvent> TakeUntil(TimePoint now) {
    std::vector<RaceEvent> due;
    while (Next() <= now) due.push_back(std::move(events_.extract(events_.begin()).mapped()));
    return due;
  }

 private:
  std::multimap<TimePoint, RaceEvent> events_;
};

void ScheduleDns(const Scenario& scenario, Agenda& agenda) {
  std::set<Duration> steps{Duration::zero(), scenario.better_may_come_until};
  for (const ScriptedTarget& target : scenario.targets) steps.insert(target.known_at);
  for (const Duration step : steps) {
    CandidatesChanged event{.candidates = {},
                            .complete = step == *steps.rbegin(),
                            .better_may_come = step < scenario.better_may_come_until};
    for (const ScriptedTarget& target : scenario.targets) {
      if (target.known_at <= step) event.candidates.push_back(target.candidate);
    }
    agenda.Add(kStart + step, event);
  }
}

/// When a driver that looks every `period` notices what happens at `when`.
TimePoint NoticedAt(TimePoint when, Duration period) {
  if (period == Duration::zero()) return when;
  const Duration past = when.time_since_epoch() % period;
  return past == Duration::zero() ? when : when + (period - past);
}

void ScheduleStage(AttemptId id, const StageScript& stage, TimePoint begin, Duration period, RaceEvent completed,
                   Agenda& agenda) {
  const TimePoint end = NoticedAt(begin + stage.after, period);
  switch (stage.ending) {
    case StageScript::Ending::kCompletes:
      return agenda.Add(end, std::move(completed));
    case StageScript::Ending::kFails:
      return agenda.Add(end, AttemptFailed{id, FailureReason::kRefused});
    case StageScript::Ending::kSilent:
      return;
  }
}

void ScheduleAttempt(const Scenario& scenario, const StartAttempt& start, TimePoint now, Agenda& agenda) {
  const ScriptedTarget* target = Find(scenario, start.target);
  if (target == nullptr) return;  // the referee complains
  if (start.target.transport != Transport::kTls) {
    ScheduleStage(start.id, target->first, now, scenario.loop_period, AttemptSucceeded{start.id}, agenda);
    return;
  }
  ScheduleStage(start.id, target->first, now, scenario.loop_period, StageEntered{start.id, AttemptStage::kTls}, agenda);
  if (target->first.ending == StageScript::Ending::kCompletes) {
    ScheduleStage(start.id, target->tls, now + target->first.after, scenario.loop_period, AttemptSucceeded{start.id},
                  agenda);
  }
}

Agenda AgendaOf(const Scenario& scenario) {
  Agenda agenda;
  bool available = true;
  for (const Duration flip : scenario.capacity_flips) {
    available = !available;
    agenda.Add(kStart + flip, CapacityChanged{available});
  }
  ScheduleDns(scenario, agenda);
  if (scenario.abandoned_at) agenda.Add(kStart + *scenario.abandoned_at, Abandoned{});
  return agenda;
}

TimePoint FiringOf(TimePoint deadline, Duration lateness) {
  return deadline == kNever ? kNever : deadline + lateness;
}

}  // namespace

std::optional<StageExpectation> ExpectationIn(const Scenario& scenario, const Target& target, AttemptStage stage) {
  const ScriptedTarget* scripted = Find(scenario, target);
  if (scripted == nullptr || !scripted->expectation) return std::nullopt;
  if (stage != AttemptStage::kTls) return scripted->expectation;
  StageExpectation expectation = *scripted->expectation;
  expectation.estimate = {};
  expectation.estimate.AddSample(2 * scripted->expectation->estimate.smoothed());
  return expectation;
}

std::vector<Turn> RunRace(const Scenario& scenario) {
  Race race(scenario.options, [&](const Target& target, AttemptStage stage, TimePoint /*now*/) {
    return ExpectationIn(scenario, target, stage);
  });
  Agenda agenda = AgendaOf(scenario);
  std::vector<Turn> turns;
  TimePoint now = kStart;
  while (turns.size() < kTooManyTurns) {
    const TimePoint timer = FiringOf(race.NextDeadline(), scenario.timer_lateness);
    const TimePoint next = std::min(agenda.Next(), timer);
    if (next == kNever) break;
    now = std::max(now, next);
    std::vector<RaceEvent> events = agenda.TakeUntil(now);
    if (timer <= now) events.emplace_back(TimerFired{});
    std::vector<RaceAction> actions = race.On(events, now);
    for (const RaceAction& action : actions) {
      if (const auto* start = std::get_if<StartAttempt>(&action)) ScheduleAttempt(scenario, *start, now, agenda);
    }
    turns.push_back(
        {now, std::move(events), std::move(actions), race.NextDeadline(), race.in_flight(), race.finished()});
  }
  return turns;
}

}  // namespace flowbroker::racing
