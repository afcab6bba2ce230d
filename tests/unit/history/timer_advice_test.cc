#include "broker/history/timer_advice.h"

#include <gtest/gtest.h>

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;

RttEstimate Steady(Duration rtt) {
  RttEstimate estimate;
  for (int i = 0; i < 200; ++i) estimate.AddSample(rtt);
  return estimate;
}

TEST(TimerAdviceTest, IsTheStandardWithoutSamples) {  // S11, RFC 3261
  EXPECT_EQ(AdviseTimers(std::nullopt, {}).t1, milliseconds(500));
  EXPECT_EQ(AdviseTimers(RttEstimate{}, {}).t1, milliseconds(500));
}

TEST(TimerAdviceTest, TimersBAndFAre64TimesT1) {
  const TimerAdvice advice = AdviseTimers(Steady(milliseconds(200)), {});
  EXPECT_EQ(advice.timer_b, 64 * advice.t1);
  EXPECT_EQ(advice.timer_f, 64 * advice.t1);
}

TEST(TimerAdviceTest, NeverGoesBelow100Milliseconds) {
  EXPECT_EQ(AdviseTimers(Steady(milliseconds(1)), {}).t1, milliseconds(100));
}

TEST(TimerAdviceTest, AllowsForVariation) {
  RttEstimate estimate;
  estimate.AddSample(milliseconds(100));
  EXPECT_EQ(AdviseTimers(estimate, {}).t1, milliseconds(300));
}

TEST(TimerAdviceTest, VariationAloneDoesNotGoAboveTheStandard) {
  RttEstimate estimate;
  estimate.AddSample(milliseconds(400));
  EXPECT_EQ(AdviseTimers(estimate, {}).t1, milliseconds(500));
}

TEST(TimerAdviceTest, FollowsAnRttAboveTheStandard) {
  EXPECT_EQ(AdviseTimers(Steady(milliseconds(900)), {}).t1, milliseconds(900));
  EXPECT_EQ(AdviseTimers(Steady(milliseconds(900)), {.below_500ms = false}).t1, milliseconds(900));
}

TEST(TimerAdviceTest, StaysAtTheStandardWhereGoingBelowIsSwitchedOff) {
  EXPECT_EQ(AdviseTimers(Steady(milliseconds(20)), {.below_500ms = false}).t1, milliseconds(500));
}

}  // namespace
}  // namespace flowbroker::history
