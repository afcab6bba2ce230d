#include "broker/engine/acquisition.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace flowbroker::engine {

std::string Milliseconds(Duration duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", ToMilliseconds(duration));
  return text.data();
}

const JudgedTarget* Acquisition::FindTarget(const Target& target) const {
  const auto same = [&](const JudgedTarget& one) { return one.located.target == target; };
  const auto found = std::ranges::find_if(judged, same);
  return found == judged.end() ? nullptr : &*found;
}

Attempt* Acquisition::FindAttempt(racing::AttemptId id) {
  const auto found = std::ranges::find(attempts, id, &Attempt::id);
  return found == attempts.end() ? nullptr : &*found;
}

Attempt* Acquisition::FindAttempt(flow::ConnectionId connection) {
  const auto found = std::ranges::find(attempts, connection, &Attempt::connection);
  return found == attempts.end() ? nullptr : &*found;
}

TimePoint Acquisition::NextDeadline() const {
  if (!race_events.empty()) return TimePoint::min();
  TimePoint next = hedge_at;
  if (!deadlines.empty()) next = std::min(next, deadlines.begin()->first);
  if (race) next = std::min(next, race->NextDeadline());
  for (const Attempt& attempt : attempts) {
    if (attempt.probe) next = std::min(next, attempt.probe->NextDeadline());
  }
  return next;
}

bool Acquisition::UsedStaleDns() const {
  return locator && std::ranges::any_of(locator->trace(),
                                        [](const TraceStep& step) { return step.outcome == TraceOutcome::kStale; });
}

Trace Acquisition::TraceSoFar() const {
  Trace trace{started, {}};
  if (locator) trace.steps = locator->trace();
  for (const TraceStep& step : attempt_trace) {
    trace.steps.insert(std::ranges::upper_bound(trace.steps, step.start, {}, &TraceStep::start), step);
  }
  return trace;
}

std::string Acquisition::StateOfAttempts(TimePoint now) const {
  std::string text;
  for (const TraceStep& step : attempt_trace) {
    const bool pending = step.outcome == TraceOutcome::kPending;
    if (step.what != TraceWhat::kAttempt || (!pending && step.outcome != TraceOutcome::kFailed)) continue;
    if (!text.empty()) text += "; ";
    text += step.subject + " ";
    text += pending ? "no answer for " + Milliseconds(now - step.start) : std::string(ToString(*step.failure));
    if (!step.reason.empty()) text += " (" + step.reason + ")";
  }
  return text.empty() ? "no attempt was started yet" : text;
}

}  // namespace flowbroker::engine
