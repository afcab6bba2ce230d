// Who wins, what becomes of the others, and what is left to say when nobody wins.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/racing/race_script.h"

namespace flowbroker::racing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A race of "6a" and "4a", both in flight at 200 ms.
Race BothInFlight() {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  race.On(TimerFired{}, At(200));
  return race;
}

TEST(RaceEndTest, TheFirstCompletedAttemptWinsAndTheOthersAreCancelled) {  // H1, H6, S4
  Race race = BothInFlight();
  EXPECT_THAT(Describe(race.On(AttemptSucceeded{kSecond}, At(220))), ElementsAre("cancel 0 overtaken", "won 1 4a"));
  EXPECT_TRUE(race.finished());
  EXPECT_EQ(race.in_flight(), 0U);
  EXPECT_EQ(race.NextDeadline(), kNever);
}

TEST(RaceEndTest, OfSeveralCompletionsInOneTurnTheBestRankedWins) {
  Race race = BothInFlight();
  const std::vector<RaceEvent> turn{AttemptSucceeded{kSecond}, AttemptSucceeded{kFirst}};
  EXPECT_THAT(Describe(race.On(turn, At(220))), ElementsAre("cancel 1 lost_race", "won 0 6a"));
}

TEST(RaceEndTest, RankIsThePlaceInTheListNotTheOrderOfStarts) {
  Race race({}, {});
  race.On(CandidatesChanged{Group({"4a"}), false, false}, At(0));
  race.On(All(Group({"6a", "4a"})), At(100));
  race.On(TimerFired{}, At(200));
  const std::vector<RaceEvent> turn{AttemptSucceeded{kFirst}, AttemptSucceeded{kSecond}};
  EXPECT_THAT(Describe(race.On(turn, At(220))), ElementsAre("cancel 0 lost_race", "won 1 6a"));
}

TEST(RaceEndTest, AConnectionThatCameAndWentInOneTurnHasFailed) {
  Race race = BothInFlight();
  const std::vector<RaceEvent> turn{AttemptSucceeded{kSecond}, AttemptFailed{kSecond, FailureReason::kReset}};
  EXPECT_THAT(Describe(race.On(turn, At(220))), IsEmpty());
  EXPECT_THAT(Describe(race.On(AttemptSucceeded{kFirst}, At(240))), ElementsAre("won 0 6a"));
}

TEST(RaceEndTest, AnAttemptCompletedInTheTurnOfItsTimeoutWins) {
  Race race({}, {});
  race.On(All(Group({"6a"})), At(0));
  EXPECT_THAT(Describe(race.On(AttemptSucceeded{kFirst}, At(10'000))), ElementsAre("won 0 6a"));
}

TEST(RaceEndTest, StartsNothingMoreInTheTurnItIsWon) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  const std::vector<RaceEvent> turn{TimerFired{}, AttemptSucceeded{kFirst}};
  EXPECT_THAT(Describe(race.On(turn, At(200))), ElementsAre("won 0 6a"));
}

TEST(RaceEndTest, IgnoresEverythingAfterTheEnd) {
  Race race = BothInFlight();
  race.On(AttemptSucceeded{kFirst}, At(220));
  const std::vector<RaceEvent> late{AttemptSucceeded{kSecond},
                                    AttemptFailed{kFirst, FailureReason::kReset},
                                    All(Group({"6b"})),
                                    CapacityChanged{true},
                                    Abandoned{},
                                    TimerFired{}};
  EXPECT_THAT(Describe(race.On(late, At(100'000))), IsEmpty());
}

TEST(RaceEndTest, IgnoresLateEventsOfEndedAttempts) {
  Race race({.parallel = false}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  race.On(TimerFired{}, At(10'000));  // 6a timed out, 4a began
  EXPECT_THAT(Describe(race.On(AttemptSucceeded{kFirst}, At(10'001))), IsEmpty());
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(10'002))), IsEmpty());
  EXPECT_FALSE(race.finished());
  EXPECT_EQ(race.in_flight(), 1U);
}

TEST(RaceEndTest, IgnoresEventsOfAttemptsItNeverStarted) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  EXPECT_THAT(Describe(race.On(AttemptSucceeded{kSecond}, At(5))), IsEmpty());
  EXPECT_THAT(Describe(race.On(AttemptFailed{AttemptId{~0U}, FailureReason::kReset}, At(5))), IsEmpty());
  EXPECT_EQ(race.NextDeadline(), At(200));
}

TEST(RaceEndTest, AbandonedItCancelsEverything) {
  Race race = BothInFlight();
  EXPECT_THAT(Describe(race.On(Abandoned{}, At(300))), ElementsAre("cancel 0 cancelled", "cancel 1 cancelled"));
  EXPECT_TRUE(race.finished());
}

TEST(RaceEndTest, AbandonedInTheTurnOfASuccessNobodyWins) {
  Race race = BothInFlight();
  const std::vector<RaceEvent> turn{AttemptSucceeded{kFirst}, Abandoned{}};
  EXPECT_THAT(Describe(race.On(turn, At(300))), ElementsAre("cancel 0 cancelled", "cancel 1 cancelled"));
}

TEST(RaceEndTest, IsLostWithTheReasonOfTheBestRankedAttempt) {
  Race race = BothInFlight();
  EXPECT_THAT(Describe(race.On(AttemptFailed{kSecond, FailureReason::kRefused}, At(220))), IsEmpty());
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kHostUnreachable}, At(3'000))),
              ElementsAre("lost host_unreachable"));
}

TEST(RaceEndTest, IsLostAtOnceWithoutCandidates) {
  Race race({}, {});
  EXPECT_THAT(Describe(race.On(All({}), At(0))), ElementsAre("lost no_records"));
  EXPECT_TRUE(race.finished());
}

}  // namespace
}  // namespace flowbroker::racing
