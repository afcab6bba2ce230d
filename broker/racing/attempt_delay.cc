#include "broker/racing/attempt_delay.h"

#include <algorithm>

namespace flowbroker::racing {

Duration AttemptDelay(const std::optional<StageExpectation>& expectation, const AttemptDelayOptions& options) {
  if (!expectation || !expectation->estimate.has_samples()) return options.without_estimate;

  const Duration smoothed = expectation->estimate.smoothed();
  const Duration variation = expectation->estimate.variation();
  const Duration expected_at_the_latest = std::max(smoothed + smoothed / 2, smoothed + 4 * variation);

  const Duration min = expectation->of_target ? options.min_own_samples : options.min_prefix_samples;
  const Duration max = expectation->trusted ? options.max_trusted : options.max_uncertain;
  return std::max(min, std::min(expected_at_the_latest, max));  // unlike std::clamp defined where min > max
}

}  // namespace flowbroker::racing
