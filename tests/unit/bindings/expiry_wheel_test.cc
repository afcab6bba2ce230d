#include "broker/bindings/expiry_wheel.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/seeded_random.h"

namespace flowbroker::bindings {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kAll = 1'000'000;
constexpr TimePoint kStart = TimePoint{} + hours(100) + milliseconds(700);

TEST(ExpiryWheelTest, AnEmptyOneWantsNoTimer) {
  ExpiryWheel wheel;
  EXPECT_EQ(wheel.NextDeadline(), kNever);
  wheel.Schedule(0, kStart + seconds(5), kStart);
  EXPECT_NE(wheel.NextDeadline(), kNever);
  wheel.Cancel(0);
  EXPECT_EQ(wheel.NextDeadline(), kNever);
  EXPECT_TRUE(wheel.OnTimer(kStart + hours(1), kAll).empty());
}

TEST(ExpiryWheelTest, EndsAtItsTimeNotBeforeAndASecondLaterAtMost) {
  for (const Duration life : std::initializer_list<Duration>{milliseconds(1), milliseconds(300), milliseconds(301),
                                                             seconds(1), seconds(60), seconds(4096), hours(24)}) {
    ExpiryWheel wheel;
    wheel.Schedule(3, kStart + life, kStart);
    TimePoint now = kStart;
    std::vector<RecordIndex> due;
    for (int wakes = 0; due.empty() && wakes < 100; ++wakes) {
      now = wheel.NextDeadline();
      due = wheel.OnTimer(now, kAll);
    }
    EXPECT_EQ(due, std::vector<RecordIndex>{3});
    EXPECT_GE(now, kStart + life);
    EXPECT_LT(now, kStart + life + seconds(1));
    EXPECT_EQ(wheel.NextDeadline(), kNever);
  }
}

TEST(ExpiryWheelTest, WhatIsDueAtOnceIsDealtWithInParts) {
  ExpiryWheel wheel;
  for (RecordIndex index = 0; index < 100; ++index) wheel.Schedule(index, kStart + seconds(10), kStart);
  const TimePoint now = kStart + seconds(11);
  std::size_t found = 0;
  for (int call = 0; call < 10; ++call) {
    EXPECT_LE(wheel.NextDeadline(), now) << "there is more";
    const std::size_t part = wheel.OnTimer(now, 10).size();
    EXPECT_EQ(part, 10U);
    found += part;
  }
  EXPECT_EQ(found, 100U);
  EXPECT_EQ(wheel.NextDeadline(), kNever);
}

TEST(ExpiryWheelTest, ARecordMayGoWhileItsSlotIsLookedAt) {
  ExpiryWheel wheel;
  for (RecordIndex index = 0; index < 3; ++index) wheel.Schedule(index, kStart + seconds(10), kStart);
  const TimePoint now = kStart + seconds(11);
  ASSERT_EQ(wheel.OnTimer(now, 1), std::vector<RecordIndex>{2});
  wheel.Cancel(1);  // would have been the next
  wheel.Schedule(1, now + seconds(1), now);
  EXPECT_EQ(wheel.OnTimer(now, kAll), std::vector<RecordIndex>{0});
  EXPECT_EQ(wheel.OnTimer(now + seconds(2), kAll), std::vector<RecordIndex>{1});
}

TEST(ExpiryWheelTest, ASleepOfDaysCostsOneTurn) {
  ExpiryWheel wheel;
  wheel.Schedule(0, kStart + hours(1000), kStart);
  wheel.Schedule(1, kStart + seconds(1), kStart);
  EXPECT_EQ(wheel.OnTimer(kStart + hours(500), 2), std::vector<RecordIndex>{1}) << "each record is looked at once";
  EXPECT_GT(wheel.NextDeadline(), kStart + hours(500));
}

TEST(ExpiryWheelTest, AgreesWithASortedMap) {
  testing::SeededRandom random{8};
  ExpiryWheel wheel;
  std::map<RecordIndex, TimePoint> model;
  TimePoint now = kStart;
  for (int step = 0; step < 50'000; ++step) {
    const auto index = static_cast<RecordIndex>(UniformUpTo(random, 200));
    if (model.contains(index)) {
      wheel.Cancel(index);
      model.erase(index);
    } else {
      model[index] = now + Duration(1 + static_cast<std::int64_t>(UniformUpTo(random, 9'000'000'000'000)));
      wheel.Schedule(index, model[index], now);
    }
    if (UniformUpTo(random, 3) == 0) {
      now += milliseconds(UniformUpTo(random, step % 100 == 0 ? 10'000'000 : 40'000));
      for (const RecordIndex due : wheel.OnTimer(now, 1 + UniformUpTo(random, 20))) {
        ASSERT_LE(model.at(due), now);
        model.erase(due);
      }
    }
    for (const auto& [waiting, expires] : model) {
      ASSERT_TRUE(expires > now - seconds(1) || wheel.NextDeadline() <= now) << waiting << " is forgotten";
    }
  }
}

}  // namespace
}  // namespace flowbroker::bindings
