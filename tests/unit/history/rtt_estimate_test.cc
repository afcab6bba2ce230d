#include "broker/history/rtt_estimate.h"

#include <gtest/gtest.h>

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;

TEST(RttEstimateTest, KnowsNothingAtFirst) {
  const RttEstimate estimate;
  EXPECT_FALSE(estimate.has_samples());
  EXPECT_EQ(estimate.smoothed(), Duration::zero());
}

TEST(RttEstimateTest, TakesTheFirstSampleAsItIs) {  // RFC 6298 s.2.2
  RttEstimate estimate;
  estimate.AddSample(milliseconds(80));
  EXPECT_EQ(estimate.samples(), 1U);
  EXPECT_EQ(estimate.smoothed(), milliseconds(80));
  EXPECT_EQ(estimate.variation(), milliseconds(40));
}

TEST(RttEstimateTest, FollowsTheFormulaOfRfc6298) {  // s.2.3
  RttEstimate estimate;
  estimate.AddSample(milliseconds(80));
  estimate.AddSample(milliseconds(160));
  EXPECT_EQ(estimate.variation(), milliseconds(50));  // 3/4 * 40 + 1/4 * |80 - 160|, with the old SRTT
  EXPECT_EQ(estimate.smoothed(), milliseconds(90));   // 7/8 * 80 + 1/8 * 160
}

TEST(RttEstimateTest, SettlesOnASteadyPath) {
  RttEstimate estimate;
  estimate.AddSample(milliseconds(500));
  for (int i = 0; i < 100; ++i) estimate.AddSample(milliseconds(20));
  EXPECT_NEAR(ToMilliseconds(estimate.smoothed()), 20, 0.1);
  EXPECT_NEAR(ToMilliseconds(estimate.variation()), 0, 0.1);
}

TEST(RttEstimateTest, TakesANegativeSampleForZero) {
  RttEstimate estimate;
  estimate.AddSample(milliseconds(-5));
  EXPECT_EQ(estimate.smoothed(), Duration::zero());
  EXPECT_EQ(estimate.variation(), Duration::zero());
}

}  // namespace
}  // namespace flowbroker::history
