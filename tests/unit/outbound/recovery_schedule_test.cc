#include "broker/outbound/recovery_schedule.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.h"

namespace flowbroker::outbound {
namespace {

using std::chrono::seconds;

TEST(RecoveryScheduleTest, O7_IsTheTableOfTheSpecification) {
  const RecoverySchedule schedule;
  EXPECT_EQ(RecoveryWait(schedule, true, 1), seconds(60));
  EXPECT_EQ(RecoveryWait(schedule, true, 3), seconds(240)) << "the example of s.4.5";
  EXPECT_EQ(RecoveryWait(schedule, true, 5), seconds(960));
  EXPECT_EQ(RecoveryWait(schedule, true, 6), seconds(1800));
  EXPECT_EQ(RecoveryWait(schedule, false, 0), seconds(90));
  EXPECT_EQ(RecoveryWait(schedule, false, 1), seconds(180));
  EXPECT_EQ(RecoveryWait(schedule, false, 4), seconds(1440));
  EXPECT_EQ(RecoveryWait(schedule, false, 5), seconds(1800));
}

TEST(RecoveryScheduleTest, O7_TheThreeNumbersAreConfigurable) {
  const RecoverySchedule schedule{seconds(100), seconds(1), seconds(7)};
  EXPECT_EQ(RecoveryWait(schedule, true, 3), seconds(8));
  EXPECT_EQ(RecoveryWait(schedule, false, 3), seconds(56));
  EXPECT_EQ(RecoveryWait(schedule, false, 4), seconds(100));
}

TEST(RecoveryScheduleTest, O7_NoNumberOfFailuresOverflows) {
  for (const std::uint32_t failures : {30U, 31U, 32U, 33U, 62U, 63U, 64U, 65U, 1'000'000U, UINT32_MAX}) {
    EXPECT_EQ(RecoveryWait({}, true, failures), seconds(1800)) << failures;
    EXPECT_EQ(RecoveryWait({Duration::max(), Duration(1), Duration(1)}, true, failures),
              failures < 63 ? Duration(std::int64_t{1} << failures) : Duration::max())
        << failures;
  }
}

TEST(RecoveryScheduleTest, O7_TheDelayLiesBetweenHalfAndAllOfTheWait) {
  testing::SmallestRandom smallest;
  testing::SeededRandom any{2};
  EXPECT_EQ(RecoveryDelay(seconds(60), smallest), seconds(30));
  Duration least = Duration::max();
  Duration most{};
  for (int i = 0; i < 10'000; ++i) {
    const Duration delay = RecoveryDelay(seconds(60), any);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, seconds(30));
  EXPECT_LT(least, seconds(31));
  EXPECT_LE(most, seconds(60));
  EXPECT_GT(most, seconds(59));
  EXPECT_EQ(RecoveryDelay(Duration(1), smallest), Duration(0));
}

}  // namespace
}  // namespace flowbroker::outbound
