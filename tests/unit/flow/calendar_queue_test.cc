#include "broker/flow/calendar_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::flow {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{hours(5000)};
constexpr std::size_t kNoLimit = SIZE_MAX;

std::vector<int> TakeAll(CalendarQueue<int>& queue, TimePoint now, std::size_t limit = kNoLimit) {
  std::vector<int> taken;
  queue.TakeDue(now, limit, [&taken](int key) { taken.push_back(key); });
  return taken;
}

TEST(CalendarQueueTest, HandsOutNobodyBeforeItsTimeAndEverybodyWithinATick) {
  CalendarQueue<int> queue(milliseconds(10), 100);
  EXPECT_EQ(queue.NextDeadline(), kNever);
  queue.Add(1, kStart + milliseconds(25), kStart);
  EXPECT_EQ(queue.NextDeadline(), kStart + milliseconds(30));
  EXPECT_TRUE(TakeAll(queue, kStart + milliseconds(29)).empty());
  EXPECT_EQ(TakeAll(queue, kStart + milliseconds(30)), std::vector<int>{1});
  EXPECT_EQ(queue.NextDeadline(), kNever);
}

TEST(CalendarQueueTest, SomethingInThePastIsDueWithTheNextTick) {
  CalendarQueue<int> queue(milliseconds(10), 100);
  queue.Add(1, kStart - seconds(50), kStart);
  EXPECT_EQ(queue.NextDeadline(), kStart + milliseconds(10));
}

TEST(CalendarQueueTest, WhatIsBeyondTheRingComesUpEarlyAtItsEnd) {
  CalendarQueue<int> queue(milliseconds(10), 100);
  queue.Add(1, kStart + hours(1), kStart);
  EXPECT_EQ(queue.NextDeadline(), kStart + milliseconds(1000));
}

TEST(CalendarQueueTest, ALongSleepMovesTheRingAlong) {
  CalendarQueue<int> queue(milliseconds(10), 100);
  queue.Add(1, kStart + milliseconds(500), kStart);
  const TimePoint later = kStart + milliseconds(400);
  queue.Add(2, later + milliseconds(900), later);
  EXPECT_EQ(TakeAll(queue, later + milliseconds(110)), std::vector<int>{1});
  EXPECT_EQ(queue.NextDeadline(), later + milliseconds(910));
}

TEST(CalendarQueueTest, WhatIsOverTheLimitStaysDue) {
  CalendarQueue<int> queue(milliseconds(10), 100);
  for (int key = 0; key < 5; ++key) queue.Add(key, kStart, kStart);
  EXPECT_EQ(TakeAll(queue, kStart + milliseconds(10), 2), (std::vector<int>{0, 1}));
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.NextDeadline(), kStart + milliseconds(10));
  EXPECT_EQ(TakeAll(queue, kStart + milliseconds(10), 2), (std::vector<int>{2, 3}));
  EXPECT_EQ(TakeAll(queue, kStart + milliseconds(10), 2), std::vector<int>{4});
  EXPECT_EQ(queue.NextDeadline(), kNever);
}

TEST(CalendarQueueTest, WhoIsAddedWhileOthersAreTakenComesLater) {
  CalendarQueue<int> queue(milliseconds(10), 100);
  queue.Add(1, kStart, kStart);
  int rounds = 0;
  const TimePoint now = kStart + milliseconds(10);
  queue.TakeDue(now, kNoLimit, [&](int key) {
    ++rounds;
    queue.Add(key, kStart, now);
  });
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.NextDeadline(), kStart + milliseconds(20));
}

TEST(CalendarQueueTest, AgreesWithASortedMapOverALongRandomRun) {
  testing::SeededRandom random(7);
  constexpr auto kTick = milliseconds(10);
  CalendarQueue<int> queue(kTick, 64);
  std::multimap<TimePoint, int> model;
  TimePoint now = kStart;
  for (int key = 0; key < 20'000; ++key) {
    const TimePoint when = now + milliseconds(UniformUpTo(random, 600));
    queue.Add(key, when, now);
    model.emplace(when, key);
    if (UniformUpTo(random, 3) != 0) continue;
    now += milliseconds(UniformUpTo(random, 200));
    const auto taken = TakeAll(queue, now);
    std::size_t expected = 0;
    while (!model.empty() && model.begin()->first + kTick <= now) {
      model.erase(model.begin());
      ++expected;
    }
    // The model is exact, the queue may be up to one tick ahead of it.
    ASSERT_GE(taken.size(), expected);
    for (std::size_t i = expected; i < taken.size(); ++i) {
      ASSERT_LE(model.begin()->first, now);
      model.erase(model.begin());
    }
    ASSERT_EQ(queue.size(), model.size());
  }
}

}  // namespace
}  // namespace flowbroker::flow
