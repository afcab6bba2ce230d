#include "broker/racing/attempt_delay.h"

#include <gtest/gtest.h>

namespace flowbroker::racing {
namespace {

using std::chrono::milliseconds;

history::RttEstimate Steady(Duration rtt) {
  history::RttEstimate estimate;
  for (int i = 0; i < 100; ++i) estimate.AddSample(rtt);
  return estimate;
}

Duration DelayFor(const history::RttEstimate& estimate, bool of_target, bool trusted) {
  return AttemptDelay(StageExpectation{estimate, of_target, trusted}, AttemptDelayOptions{});
}

TEST(AttemptDelayTest, Is200MillisecondsWithoutEstimate) {  // H7
  EXPECT_EQ(AttemptDelay(std::nullopt, {}), milliseconds(200));
  EXPECT_EQ(DelayFor(history::RttEstimate{}, true, true), milliseconds(200));
}

TEST(AttemptDelayTest, IsOneAndAHalfRttOnASteadyPath) {
  EXPECT_NEAR(ToMilliseconds(DelayFor(Steady(milliseconds(40)), true, false)), 60, 0.01);
}

TEST(AttemptDelayTest, AllowsFourVariationsOnAnUnsteadyPath) {
  history::RttEstimate once;
  once.AddSample(milliseconds(40));  // variation 20 ms
  EXPECT_EQ(DelayFor(once, true, false), milliseconds(40 + 4 * 20));
}

TEST(AttemptDelayTest, HasALowerFloorForOwnSamplesThanForThePrefix) {
  EXPECT_EQ(DelayFor(Steady(milliseconds(1)), true, false), milliseconds(10));
  EXPECT_EQ(DelayFor(Steady(milliseconds(1)), false, false), milliseconds(100));
}

TEST(AttemptDelayTest, WaitsLongOnlyWhereReachabilityIsTrusted) {
  EXPECT_EQ(DelayFor(Steady(milliseconds(600)), true, false), milliseconds(250));
  EXPECT_NEAR(ToMilliseconds(DelayFor(Steady(milliseconds(600)), true, true)), 900, 0.01);
  EXPECT_EQ(DelayFor(Steady(milliseconds(5000)), true, true), milliseconds(2000));
}

TEST(AttemptDelayTest, TakesTheFloorWhereLimitsContradict) {
  const AttemptDelayOptions contradictory{.min_own_samples = milliseconds(300), .max_uncertain = milliseconds(250)};
  const StageExpectation expectation{Steady(milliseconds(40)), true, false};
  EXPECT_EQ(AttemptDelay(expectation, contradictory), milliseconds(300));
}

}  // namespace
}  // namespace flowbroker::racing
