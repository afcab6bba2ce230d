#include "service/runtime/liveness.h"

#include <gtest/gtest.h>

#include <vector>

namespace flowbroker::runtime {
namespace {

using std::chrono::seconds;

class LivenessTest : public testing::Test {
 protected:
  bool IsAliveAt(seconds when) { return liveness_.IsAlive(TimePoint(when)); }
  void Answer() {
    asked_.back()();
    asked_.pop_back();
  }

  std::vector<std::function<void()>> asked_;  // by threads that have not answered yet
  Liveness liveness_{[this](const std::function<void()>& answered) {
    asked_.insert(asked_.end(), 2, answered);
    return std::size_t{2};
  }};
};

TEST_F(LivenessTest, ThreadsThatAnswerLive) {
  for (const int when : {0, 100, 200}) {
    EXPECT_TRUE(IsAliveAt(seconds(when)));
    ASSERT_EQ(asked_.size(), 2U);
    Answer();
    Answer();
  }
}

TEST_F(LivenessTest, OneThreadThatOwesItsAnswerTooLongIsStuck) {
  EXPECT_TRUE(IsAliveAt(seconds(0)));
  Answer();
  EXPECT_TRUE(IsAliveAt(seconds(30)));
  EXPECT_FALSE(IsAliveAt(seconds(31)));
}

TEST_F(LivenessTest, ThreadsAreNotAskedAgainBeforeTheyAnswer) {
  for (int when = 0; when < 100; ++when) IsAliveAt(seconds(when));
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(LivenessTest, AThreadThatAnswersAfterAllLivesAgain) {
  EXPECT_TRUE(IsAliveAt(seconds(0)));
  EXPECT_FALSE(IsAliveAt(seconds(100)));
  Answer();
  Answer();
  EXPECT_TRUE(IsAliveAt(seconds(101)));
}

TEST(LivenessOfQuickThreadsTest, TheirAnswersMayComeBeforeTheQuestionIsOver) {
  Liveness liveness([](const std::function<void()>& answered) {
    answered();
    return std::size_t{1};
  });
  EXPECT_TRUE(liveness.IsAlive(TimePoint(seconds(0))));
  EXPECT_TRUE(liveness.IsAlive(TimePoint(seconds(1000))));
}

}  // namespace
}  // namespace flowbroker::runtime
