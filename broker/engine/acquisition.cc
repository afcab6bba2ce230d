#include "broker/engine/acquisition.h"

#include <algorithm>

namespace flowbroker::engine {

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

Trace Acquisition::TraceSoFar() const {
  Trace trace{started, {}};
  if (locator) trace.steps = locator->trace();
  trace.steps.insert(trace.steps.end(), attempt_trace.begin(), attempt_trace.end());
  std::ranges::stable_sort(trace.steps, {}, &TraceStep::start);
  return trace;
}

std::string Acquisition::FailedAttempts() const {
  std::string text;
  for (const TraceStep& step : attempt_trace) {
    if (step.what != TraceWhat::kAttempt || step.outcome != TraceOutcome::kFailed) continue;
    if (!text.empty()) text += "; ";
    text += step.subject + " " + std::string(ToString(*step.failure));
    if (!step.reason.empty()) text += " (" + step.reason + ")";
  }
  return text;
}

}  // namespace flowbroker::engine
