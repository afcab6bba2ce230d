#include "broker/history/timer_advice.h"

#include <algorithm>

namespace flowbroker::history {
namespace {

constexpr Duration kStandardT1 = std::chrono::milliseconds(500);  // RFC 3261 s.17.1.1.2
constexpr Duration kLowestT1 = std::chrono::milliseconds(100);

Duration T1Of(const std::optional<RttEstimate>& estimate, const TimerAdviceOptions& options) {
  if (!estimate || !estimate->has_samples()) return kStandardT1;
  // RFC 3261 s.17.1.1.2: "T1 MAY be chosen larger, and this is RECOMMENDED if it is known in advance (such as on high
  // latency access links) that the RTT is larger."
  if (estimate->smoothed() > kStandardT1) return estimate->smoothed();
  if (!options.below_500ms) return kStandardT1;
  return std::clamp(estimate->smoothed() + 4 * estimate->variation(), kLowestT1, kStandardT1);
}

}  // namespace

TimerAdvice AdviseTimers(const std::optional<RttEstimate>& estimate, const TimerAdviceOptions& options) {
  const Duration t1 = T1Of(estimate, options);
  return {.t1 = t1, .timer_b = 64 * t1, .timer_f = 64 * t1};
}

}  // namespace flowbroker::history
