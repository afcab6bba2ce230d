#include "broker/history/evidence.h"

#include <gtest/gtest.h>

namespace flowbroker::history {
namespace {

const HistoryOptions kOptions;

TEST(EvidenceTest, WithoutAnyThePriorStands) {
  EXPECT_DOUBLE_EQ(Evidence{}.Probability(0.3, {}, kOptions), 0.3);
}

TEST(EvidenceTest, ThePriorCountsAsOneAttempt) {
  Evidence evidence;
  evidence.Add(true, {}, kOptions);
  EXPECT_DOUBLE_EQ(evidence.Probability(0.5, {}, kOptions), 0.75);
  evidence.Add(false, {}, kOptions);
  EXPECT_DOUBLE_EQ(evidence.Probability(0.5, {}, kOptions), 0.5);
}

TEST(EvidenceTest, HalfAsOldCountsTwice) {
  Evidence evidence;
  for (int i = 0; i < 100; ++i) evidence.Add(false, {}, kOptions);
  const TimePoint later = TimePoint{} + kOptions.half_life;
  EXPECT_NEAR(evidence.Probability(1, later, kOptions), 1.0 / 51, 1e-6);
  for (int i = 0; i < 100; ++i) evidence.Add(true, later, kOptions);
  EXPECT_NEAR(evidence.Probability(1, later, kOptions), 101.0 / 151, 1e-6);
}

TEST(EvidenceTest, NothingIsLeftAfterALifetimeWithoutMore) {  // S6
  Evidence evidence;
  for (int i = 0; i < 1'000'000; ++i) evidence.Add(false, {}, kOptions);
  EXPECT_LT(evidence.Probability(0.5, TimePoint{} + kOptions.lifetime - Duration(1), kOptions), 0.1);
  EXPECT_DOUBLE_EQ(evidence.Probability(0.5, TimePoint{} + kOptions.lifetime, kOptions), 0.5);
}

TEST(EvidenceTest, DoesNotGrowWhenTimeSeemsToGoBack) {
  Evidence evidence;
  const TimePoint now = TimePoint{} + std::chrono::hours(1);
  evidence.Add(true, now, kOptions);
  evidence.Add(true, now - std::chrono::minutes(50), kOptions);
  EXPECT_FLOAT_EQ(evidence.successes, 2);
  EXPECT_EQ(evidence.at, now);
}

}  // namespace
}  // namespace flowbroker::history
