// When does the next attempt start, and when does one end by its own time-out?

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/racing/race_script.h"

namespace flowbroker::racing {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

/// An expectation whose AttemptDelay is 1.5 * `rtt`.
StageExpectation Steady(Duration rtt) {
  history::RttEstimate estimate;
  for (int i = 0; i < 200; ++i) estimate.AddSample(rtt);
  return {estimate, true, false};
}

/// 40 ms for TCP (delay 60 ms), 80 ms for TLS (delay 120 ms), nothing known about probes.
std::optional<StageExpectation> KnownPath(const Target& /*target*/, AttemptStage stage, TimePoint /*now*/) {
  switch (stage) {
    case AttemptStage::kTcp:
      return Steady(milliseconds(40));
    case AttemptStage::kTls:
      return Steady(milliseconds(80));
    case AttemptStage::kProbe:
      return std::nullopt;
  }
  __builtin_unreachable();
}

TEST(RacePacingTest, StartsTheFirstAttemptAtOnce) {  // H1
  Race race({}, {});
  EXPECT_THAT(Describe(race.On(All(Group({"6a", "4a"})), At(0))), ElementsAre("start 0 6a"));
  EXPECT_EQ(race.in_flight(), 1U);
}

TEST(RacePacingTest, StartsTheNextAttemptAfterTheDelayAndKeepsTheFirst) {  // H1, H7
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  EXPECT_EQ(race.NextDeadline(), At(200));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(199))), IsEmpty());
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(200))), ElementsAre("start 1 4a"));
  EXPECT_EQ(race.in_flight(), 2U);
}

TEST(RacePacingTest, MeasuresTheDelayFromTheStartOfTheLatestAttempt) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a", "6b"})), At(0));
  race.On(TimerFired{}, At(230));  // the driver was late
  EXPECT_EQ(race.NextDeadline(), At(430));
}

TEST(RacePacingTest, ShortensTheDelayWhereThePathIsKnown) {  // H7
  Race race({}, KnownPath);
  race.On(All(Group({"6a", "4a"})), At(0));
  EXPECT_EQ(race.NextDeadline(), At(60));
}

TEST(RacePacingTest, StartsNextAtOnceWhenTheLatestAttemptFails) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(21))), ElementsAre("start 1 4a"));
}

TEST(RacePacingTest, KeepsTenMillisecondsBetweenStartsEvenAfterAFailure) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kNetworkUnreachable}, At(1))), IsEmpty());
  EXPECT_EQ(race.NextDeadline(), At(10));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(10))), ElementsAre("start 1 4a"));
}

TEST(RacePacingTest, DoesNotHurryBecauseAnEarlierAttemptFails) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a", "6b"})), At(0));
  race.On(TimerFired{}, At(200));
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(250))), IsEmpty());
  EXPECT_EQ(race.NextDeadline(), At(400));
}

TEST(RacePacingTest, RearmsTheDelayWhenTlsBegins) {
  Race race({}, KnownPath);
  race.On(All(Group({"tls 6a", "tls 4a"})), At(0));
  EXPECT_THAT(Describe(race.On(StageEntered{kFirst, AttemptStage::kTls}, At(40))), IsEmpty());
  EXPECT_EQ(race.NextDeadline(), At(40 + 120));
}

TEST(RacePacingTest, RearmsNothingWhenTlsBeginsOnAnEarlierAttempt) {
  Race race({}, KnownPath);
  race.On(All(Group({"tls 6a", "tls 4a", "tls 6b"})), At(0));
  race.On(TimerFired{}, At(60));
  race.On(StageEntered{kFirst, AttemptStage::kTls}, At(70));
  EXPECT_EQ(race.NextDeadline(), At(120));
}

TEST(RacePacingTest, ProgressInTheSameTurnAsTheTimerHoldsTheNextAttemptBack) {
  Race race({}, KnownPath);
  race.On(All(Group({"tls 6a", "tls 4a"})), At(0));
  const std::vector<RaceEvent> turn{TimerFired{}, StageEntered{kFirst, AttemptStage::kTls}};
  EXPECT_THAT(Describe(race.On(turn, At(60))), IsEmpty());
}

TEST(RacePacingTest, BelievesEnteringTlsOnlyOnce) {
  Race race({}, KnownPath);
  race.On(All(Group({"tls 6a", "tls 4a"})), At(0));
  race.On(StageEntered{kFirst, AttemptStage::kTls}, At(40));
  race.On(StageEntered{kFirst, AttemptStage::kTls}, At(100));
  EXPECT_EQ(race.NextDeadline(), At(160));
}

TEST(RacePacingTest, ThePacingTimerNeverCancels) {
  Race race({}, {});
  race.On(All(Group({"6a"})), At(0));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(200))), IsEmpty());
  EXPECT_THAT(Describe(race.On(AttemptSucceeded{kFirst}, At(5000))), ElementsAre("won 0 6a"));
}

TEST(RacePacingTest, ASilentConnectTimesOutAndLetsTheNextStart) {
  Race race({.parallel = false}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  EXPECT_EQ(race.NextDeadline(), At(10'000));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(10'000))), ElementsAre("cancel 0 timed_out", "start 1 4a"));
}

TEST(RacePacingTest, TheTlsTimeoutCountsFromTheConnect) {
  Race race({.tls_timeout = std::chrono::seconds(3)}, {});
  race.On(All(Group({"tls 6a"})), At(0));
  race.On(StageEntered{kFirst, AttemptStage::kTls}, At(9'000));
  EXPECT_EQ(race.NextDeadline(), At(12'000));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(12'000))), ElementsAre("cancel 0 tls_timed_out", "lost tls_timed_out"));
}

TEST(RacePacingTest, RacesUdpByProbesWithTheirOwnTimeout) {  // H10
  Race race({.probe_timeout = std::chrono::seconds(4)}, {});
  EXPECT_THAT(Describe(race.On(All(Group({"udp 6a", "udp 4a"})), At(0))), ElementsAre("start 0 udp 6a"));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(200))), ElementsAre("start 1 udp 4a"));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(4'000))), ElementsAre("cancel 0 probe_timed_out"));
  EXPECT_THAT(Describe(race.On(AttemptSucceeded{kSecond}, At(4'100))), ElementsAre("won 1 udp 4a"));
}

TEST(RacePacingTest, SwitchedOffItTriesOneAfterAnother) {  // H8
  Race race({.parallel = false}, KnownPath);
  race.On(All(Group({"tls 6a", "tls 4a"})), At(0));
  race.On(StageEntered{kFirst, AttemptStage::kTls}, At(40));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(9'000))), IsEmpty());
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kReset}, At(9'500))),
              ElementsAre("start 1 tls 4a"));
}

TEST(RacePacingTest, StartsNoMoreThanTheLimitAndGoesOnWhenOneEnds) {
  Race race({.max_parallel = 2}, {});
  race.On(All(Group({"6a", "4a", "6b"})), At(0));
  race.On(TimerFired{}, At(200));
  EXPECT_EQ(race.NextDeadline(), At(10'000)) << "only the time-outs are left to wait for";
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(400))), IsEmpty());
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(450))), ElementsAre("start 2 6b"));
}

TEST(RacePacingTest, ALimitOfZeroCountsAsOne) {
  Race race({.max_parallel = 0}, {});
  EXPECT_THAT(Describe(race.On(All(Group({"6a"})), At(0))), ElementsAre("start 0 6a"));
}

TEST(RaceCapacityTest, StartsNothingWhileTheBrokerHasNoRoom) {
  Race race({}, {});
  const std::vector<RaceEvent> turn{CapacityChanged{false}, All(Group({"6a", "4a"}))};
  EXPECT_THAT(Describe(race.On(turn, At(0))), IsEmpty());
  EXPECT_TRUE(race.awaits_capacity());
  EXPECT_EQ(race.NextDeadline(), kNever) << "only the driver knows when there is room";
  EXPECT_FALSE(race.finished());
  EXPECT_THAT(Describe(race.On(CapacityChanged{true}, At(500))), ElementsAre("start 0 6a"));
  EXPECT_FALSE(race.awaits_capacity());
}

TEST(RaceCapacityTest, TimeoutsGoOnWithoutRoom) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  race.On(CapacityChanged{false}, At(10));
  EXPECT_EQ(race.NextDeadline(), At(10'000));
  EXPECT_THAT(Describe(race.On(TimerFired{}, At(10'000))), ElementsAre("cancel 0 timed_out"));
  EXPECT_TRUE(race.awaits_capacity());
}

TEST(RaceCapacityTest, RoomDoesNotLiftThePacing) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  race.On(CapacityChanged{false}, At(10));
  EXPECT_THAT(Describe(race.On(CapacityChanged{true}, At(100))), IsEmpty());
  EXPECT_EQ(race.NextDeadline(), At(200));
}

TEST(RaceCapacityTest, DoesNotAwaitRoomItHasNoUseFor) {
  Race race({}, {});
  race.On(All(Group({"6a"})), At(0));
  race.On(CapacityChanged{false}, At(10));
  EXPECT_FALSE(race.awaits_capacity());
  EXPECT_THAT(Describe(race.On(AttemptFailed{kFirst, FailureReason::kRefused}, At(20))), ElementsAre("lost refused"));
}

TEST(RaceCapacityTest, DoesNotAwaitRoomAfterItsEnd) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a"})), At(0));
  race.On(CapacityChanged{false}, At(10));
  race.On(AttemptSucceeded{kFirst}, At(20));
  EXPECT_FALSE(race.awaits_capacity());
}

TEST(RaceCapacityTest, MakesUpNoStartsMissedWithoutRoom) {
  Race race({}, {});
  race.On(All(Group({"6a", "4a", "6b"})), At(0));
  race.On(CapacityChanged{false}, At(10));
  EXPECT_THAT(Describe(race.On(CapacityChanged{true}, At(1'000))), ElementsAre("start 1 4a"));
  EXPECT_EQ(race.NextDeadline(), At(1'200));
}

}  // namespace
}  // namespace flowbroker::racing
