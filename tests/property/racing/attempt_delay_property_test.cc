#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "broker/racing/attempt_delay.h"

namespace flowbroker::racing {
namespace {

using std::chrono::milliseconds;

StageExpectation AnySampledExpectation() {
  history::RttEstimate estimate;
  const auto samples = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20'000)));
  for (const int ms : samples) estimate.AddSample(milliseconds(ms));
  return {estimate, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
}

RC_GTEST_PROP(AttemptDelayProperty, StaysWithinItsLimits, ()) {
  const StageExpectation expectation = AnySampledExpectation();
  const Duration d = AttemptDelay(expectation, {});
  RC_ASSERT(d >= milliseconds(expectation.of_target ? 10 : 100));
  RC_ASSERT(d <= milliseconds(expectation.trusted ? 2'000 : 250));
}

RC_GTEST_PROP(AttemptDelayProperty, IsLongerThanTheExpectedCompletionUnlessCapped, ()) {
  const StageExpectation expectation = AnySampledExpectation();
  const Duration cap = milliseconds(expectation.trusted ? 2'000 : 250);
  RC_ASSERT(AttemptDelay(expectation, {}) >= std::min(expectation.estimate.smoothed(), cap));
}

RC_GTEST_PROP(AttemptDelayProperty, TrustNeverShortensIt, ()) {
  StageExpectation expectation = AnySampledExpectation();
  expectation.trusted = false;
  const Duration uncertain = AttemptDelay(expectation, {});
  expectation.trusted = true;
  RC_ASSERT(AttemptDelay(expectation, {}) >= uncertain);
}

}  // namespace
}  // namespace flowbroker::racing
