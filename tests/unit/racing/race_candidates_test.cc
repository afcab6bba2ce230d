// Candidates that come in several steps, because DNS answers do (RFC 8305 s.3).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/racing/race_script.h"

namespace flowbroker::racing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CandidatesChanged BetterMayCome(std::vector<Candidate> candidates) {
  return {.candidates = std::move(candidates), .complete = false, .better_may_come = true};
}
CandidatesChanged MoreMayCome(std::vector<Candidate> candidates) {
  return {.candidates = std::move(candidates), .complete = false, .better_may_come = false};
}

TEST(RaceCandidatesTest, WaitsFiftyMillisecondsForABetterCandidate) {
  Race race({}, {});
  EXPECT_THAT(Describe(race.On(BetterMayCome(Group({"4a"})), At(0))), IsEmpty());
  EXPECT_EQ(race.NextDeadline(), At(50));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(50))), ElementsAre("start 0 4a"));
}

TEST(RaceCandidatesTest, EndsTheWaitWhenTheBetterOneComes) {
  Race race({}, {});
  race.On(BetterMayCome(Group({"4a"})), At(0));
  EXPECT_THAT(Describe(race.On(All(Group({"6a", "4a"})), At(20))), ElementsAre("start 0 6a"));
}

TEST(RaceCandidatesTest, EndsTheWaitWhenNoBetterOneCanCome) {
  Race race({}, {});
  race.On(BetterMayCome(Group({"4a"})), At(0));
  EXPECT_THAT(Describe(race.On(All(Group({"4a"})), At(20))), ElementsAre("start 0 4a"));
}

TEST(RaceCandidatesTest, CountsTheWaitFromTheFirstCandidate) {
  Race race({}, {});
  race.On(BetterMayCome({}), At(0));
  EXPECT_EQ(race.NextDeadline(), kNever) << "nothing to start: only DNS can move the race";
  race.On(BetterMayCome(Group({"4a"})), At(100));
  EXPECT_EQ(race.NextDeadline(), At(150));
  race.On(BetterMayCome(Group({"4a", "4b"})), At(140));
  EXPECT_EQ(race.NextDeadline(), At(150));
}

TEST(RaceCandidatesTest, DoesNotWaitAgainOnceItRuns) {
  Race race({}, {});
  race.On(MoreMayCome(Group({"4a"})), At(0));
  race.On(BetterMayCome(Group({"4a", "4b"})), At(10));
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(20))), ElementsAre("start 1 4b"));
}

TEST(RaceCandidatesTest, LateCandidatesJoinTheQueueInOrder) {
  Race race({}, {});
  race.On(BetterMayCome(Group({"4a", "4b"})), At(0));
  race.On(TimerFired{}, At(50));
  EXPECT_THAT(Describe(race.On(All(Group({"6a", "4a", "4b"})), At(90))), IsEmpty()) << "pacing goes on";
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(250))), ElementsAre("start 1 6a"));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(450))), ElementsAre("start 2 4b"));
}

TEST(RaceCandidatesTest, ALateCandidateStartsAtOnceWhereThePacingIsOver) {
  Race race({}, {});
  race.On(MoreMayCome(Group({"4a"})), At(0));
  EXPECT_EQ(race.NextDeadline(), At(10'000));
  EXPECT_THAT(Describe(race.On(All(Group({"6a", "4a"})), At(700))), ElementsAre("start 1 6a"));
}

TEST(RaceCandidatesTest, NeverTriesATargetTwice) {
  Race race({}, {});
  race.On(MoreMayCome(Group({"4a"})), At(0));
  race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(20));
  EXPECT_THAT(Describe(race.On(All(Group({"4a"})), At(30))), ElementsAre("lost refused"));
}

TEST(RaceCandidatesTest, IsNotLostWhileMoreMayCome) {
  Race race({}, {});
  race.On(MoreMayCome(Group({"4a"})), At(0));
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(20))), IsEmpty());
  EXPECT_FALSE(race.finished());
  EXPECT_EQ(race.NextDeadline(), kNever);
  EXPECT_THAT(Describe(race.On(All(Group({"6a", "4a"})), At(300))), ElementsAre("start 1 6a"));
}

TEST(RaceCandidatesTest, AlternatesFamiliesAndThenGoesToTheNextHost) {  // D3, D5
  Race race({}, {});
  race.On(All(Groups({{"6a", "6b", "4a"}, {"6c"}})), At(0));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(200))), ElementsAre("start 1 4a"));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(400))), ElementsAre("start 2 6b"));
  EXPECT_THAT(Describe(race.On(AttemptFailed{kThird, FailureReason::kRefused}, At(420))), ElementsAre("start 3 6c"));
}

}  // namespace
}  // namespace flowbroker::racing
