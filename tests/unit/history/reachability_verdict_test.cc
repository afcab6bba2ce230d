// What memory says of a path, level by level; with reachability_history.h.

#include <gtest/gtest.h>

#include "tests/unit/history/remembered_paths.h"

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto kUnknown = Reachability::kUnknown;
constexpr auto kReachable = Reachability::kReachable;
constexpr auto kSlow = Reachability::kSlow;
constexpr auto kUnreachable = Reachability::kUnreachable;

class ReachabilityVerdictTest : public ::testing::Test, protected RememberedPaths {
 protected:
  const Path a = Tcp("2001:db8:1::a");
  const Path b = Tcp("2001:db8:1::b");
  const Path c = Tcp("2001:db8:1::c");
};

TEST_F(ReachabilityVerdictTest, NothingIsKnownAtFirst) {
  EXPECT_EQ(Judged(a), kUnknown);
  EXPECT_EQ(JudgedForRace(a), kUnknown);
  EXPECT_FALSE(TakesReprobe(a));
  EXPECT_EQ(history.NextReprobe(a, now), kNever);
}

TEST_F(ReachabilityVerdictTest, ATargetThatAnsweredIsReachableForALifetime) {  // S6
  Succeeds(a);
  EXPECT_EQ(Judged(a), kReachable);
  EXPECT_EQ(Judged(b), kUnknown) << "its neighbour did not answer";
  now += options.lifetime - milliseconds(1);
  EXPECT_EQ(Judged(a), kReachable);
  now += milliseconds(1);
  EXPECT_EQ(Judged(a), kUnknown);
}

TEST_F(ReachabilityVerdictTest, SilenceHoldsTheTargetUntilItAnswers) {  // S3
  now += seconds(5);
  Fails(a, FailureReason::kTimedOut);
  const Verdict verdict = history.Judge(a, now);
  EXPECT_EQ(verdict.reachability, kUnreachable);
  EXPECT_EQ(verdict.level, Level::kTarget);
  EXPECT_EQ(verdict.failure, FailureReason::kTimedOut);
  EXPECT_EQ(verdict.since, now);
  EXPECT_EQ(Judged(b), kUnknown) << "one silent address is no evidence against its neighbours";
  now += minutes(9);
  EXPECT_EQ(JudgedForRace(a), kUnreachable);
  Succeeds(a);
  EXPECT_EQ(Judged(a), kReachable);
}

TEST_F(ReachabilityVerdictTest, NetworksDoNotShareWhatTheyKnow) {  // H9
  Fails(Tcp("192.0.2.1", 1), FailureReason::kTimedOut);
  Succeeds(Tcp("192.0.2.1", 2));
  EXPECT_EQ(Judged(Tcp("192.0.2.1", 1)), kUnreachable);
  EXPECT_EQ(Judged(Tcp("192.0.2.1", 2)), kReachable);
  EXPECT_EQ(Judged(Tcp("192.0.2.1", 3)), kUnknown);
}

TEST_F(ReachabilityVerdictTest, FailuresOfOurOwnSayNothing) {
  for (const FailureReason reason :
       {FailureReason::kCancelled, FailureReason::kLostRace, FailureReason::kOutOfDescriptors, FailureReason::kInternal,
        FailureReason::kShuttingDown, FailureReason::kLimitReached, FailureReason::kNoLocalAddress}) {
    Fails(a, reason);
    EXPECT_EQ(Judged(a), kUnknown) << ToString(reason);
  }
  EXPECT_EQ(history.target_count(), 0U);
}

TEST_F(ReachabilityVerdictTest, AWrongCertificateHoldsNothingAndProvesThePath) {
  const Path tls_a = Tls("2001:db8:1::a");
  const Path tls_b = Tls("2001:db8:1::b");
  Fails(tls_a, FailureReason::kTlsTimedOut);
  Fails(tls_b, FailureReason::kTlsTimedOut);
  ASSERT_EQ(Judged(Tls("2001:db8:1::c")), kUnreachable);
  Fails(tls_a, FailureReason::kCertificateMismatch);
  EXPECT_EQ(Judged(tls_a), kUnknown);
  EXPECT_EQ(Judged(Tls("2001:db8:1::c")), kUnknown);
}

TEST_F(ReachabilityVerdictTest, ATcpConnectionAloneDoesNotReleaseATlsTarget) {
  const Path tls = Tls("2001:db8:1::a");
  Fails(tls, FailureReason::kTlsTimedOut);
  history.Record({tls, AttemptStage::kTcp, std::nullopt, milliseconds(20)}, now);
  EXPECT_EQ(Judged(tls), kUnreachable);
  EXPECT_TRUE(history.Expect(tls, AttemptStage::kTcp, now));
}

// ---- Prefix ----

TEST_F(ReachabilityVerdictTest, SilenceOfTwoAddressesHoldsTheirPrefix) {  // H4
  Fails(a, FailureReason::kOvertaken);
  Fails(a, FailureReason::kTimedOut);
  EXPECT_EQ(Judged(c), kUnknown) << "one address, however often";
  Fails(b, FailureReason::kTimedOut);
  EXPECT_EQ(history.Judge(c, now).reachability, kUnreachable);
  EXPECT_EQ(history.Judge(c, now).level, Level::kPrefix);
  EXPECT_EQ(Judged(Tcp("2001:db8:2::1")), kUnknown);
  EXPECT_EQ(Judged(Tls("2001:db8:1::c")), kUnknown) << "firewalls look at the transport";
}

TEST_F(ReachabilityVerdictTest, ASuccessBetweenKeepsThePrefix) {
  Fails(a, FailureReason::kTimedOut);
  Succeeds(c);
  Fails(b, FailureReason::kTimedOut);
  EXPECT_EQ(Judged(Tcp("2001:db8:1::d")), kUnknown);
}

TEST_F(ReachabilityVerdictTest, SilenceLongAgoDoesNotCountAgainstThePrefix) {
  Fails(a, FailureReason::kTimedOut);
  now += options.max_hold;
  Fails(b, FailureReason::kTimedOut);
  EXPECT_EQ(Judged(c), kUnknown);
}

TEST_F(ReachabilityVerdictTest, RefusalsAreTheTargetsOwn) {
  for (const Path& path : {a, b, c}) Fails(path, FailureReason::kRefused);
  EXPECT_EQ(Judged(a), kUnreachable);
  EXPECT_EQ(Judged(Tcp("2001:db8:1::d")), kUnknown);
}

TEST_F(ReachabilityVerdictTest, ANetworkUnreachableSpeaksForThePrefixAtOnce) {
  Fails(a, FailureReason::kNetworkUnreachable);
  EXPECT_EQ(Judged(b), kUnreachable);
}

TEST_F(ReachabilityVerdictTest, AnySuccessInsideReleasesThePrefix) {
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kTimedOut);
  Succeeds(b);
  EXPECT_EQ(Judged(c), kUnknown);
  EXPECT_EQ(Judged(a), kUnreachable) << "its own hold stays";
}

TEST_F(ReachabilityVerdictTest, ASuccessFromBeforeDoesNotExceptATargetFromItsPrefix) {
  Succeeds(c);
  now += seconds(1);
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kTimedOut);
  EXPECT_EQ(Judged(c), kUnreachable);
}

// ---- Family ----

TEST_F(ReachabilityVerdictTest, AFamilyIsHeldAfterThreeOfItsPrefixes) {
  const Path elsewhere = Tcp("2001:db8:ffff::1");
  Fails(Tcp("2001:db8:1::1"), FailureReason::kNetworkUnreachable);
  Fails(Tcp("2001:db8:2::1"), FailureReason::kNetworkUnreachable);
  Fails(Tcp("2001:db8:2::2"), FailureReason::kNetworkUnreachable);
  EXPECT_EQ(Judged(elsewhere), kUnknown);
  Fails(Tcp("2001:db8:3::1"), FailureReason::kNetworkUnreachable);
  EXPECT_EQ(history.Judge(elsewhere, now).reachability, kUnreachable);
  EXPECT_EQ(history.Judge(elsewhere, now).level, Level::kFamily);
  EXPECT_EQ(Judged(Tcp("192.0.2.1")), kUnknown) << "the other family";
  EXPECT_EQ(Judged(Tcp("2001:db8:ffff::1", 7)), kUnknown) << "another network";
  Succeeds(Tcp("2001:db8:9::1"));
  EXPECT_EQ(Judged(elsewhere), kUnknown);
}

TEST_F(ReachabilityVerdictTest, ASuccessBetweenKeepsTheFamily) {
  Fails(Tcp("2001:db8:1::1"), FailureReason::kNetworkUnreachable);
  Fails(Tcp("2001:db8:2::1"), FailureReason::kNetworkUnreachable);
  Succeeds(Tcp("2001:db8:9::1"));
  Fails(Tcp("2001:db8:3::1"), FailureReason::kNetworkUnreachable);
  EXPECT_EQ(Judged(Tcp("2001:db8:ffff::1")), kUnknown);
}

// ---- Slow ----

TEST_F(ReachabilityVerdictTest, AnAnswerLaterThanTheOneThatOvertookShowsASlowPath) {  // S7
  Fails(a, FailureReason::kOvertaken, milliseconds(240));
  EXPECT_EQ(Judged(a), kUnreachable);
  Succeeds(a, milliseconds(600));
  EXPECT_EQ(Judged(a), kSlow);
  EXPECT_EQ(history.Judge(a, now).failure, FailureReason::kOvertaken);
  Succeeds(a, milliseconds(240));
  EXPECT_EQ(Judged(a), kReachable);
}

TEST_F(ReachabilityVerdictTest, AnAnswerOfUnknownDurationReleases) {
  Fails(a, FailureReason::kOvertaken, milliseconds(240));
  Succeeds(a);
  EXPECT_EQ(Judged(a), kReachable);
}

TEST_F(ReachabilityVerdictTest, AfterSilenceAnyAnswerReleases) {
  Fails(a, FailureReason::kTimedOut, seconds(10));
  Succeeds(a, seconds(11));
  EXPECT_EQ(Judged(a), kReachable);
}

TEST_F(ReachabilityVerdictTest, ASlowPathThatFallsSilentIsUnreachable) {
  Fails(a, FailureReason::kOvertaken, milliseconds(240));
  Succeeds(a, milliseconds(600));
  Fails(a, FailureReason::kTimedOut);
  EXPECT_EQ(Judged(a), kUnreachable);
}

TEST_F(ReachabilityVerdictTest, AddressesThatAreAllSlowMakeTheirPrefixSlow) {
  for (const Path& path : {a, b}) {
    Fails(path, FailureReason::kOvertaken, milliseconds(240));
    Succeeds(path, milliseconds(600));
  }
  EXPECT_EQ(history.Judge(c, now).reachability, kSlow);
  EXPECT_EQ(history.Judge(c, now).level, Level::kPrefix);
}

// ---- Time ----

TEST_F(ReachabilityVerdictTest, WithoutNewEvidenceAHoldIsForgotten) {  // S6
  Fails(a, FailureReason::kNetworkUnreachable);
  now += options.lifetime - milliseconds(1);
  EXPECT_EQ(Judged(a), kUnreachable);
  EXPECT_EQ(Judged(b), kUnreachable);
  now += milliseconds(1);
  EXPECT_EQ(Judged(a), kUnknown);
  EXPECT_EQ(Judged(b), kUnknown);
  EXPECT_FALSE(TakesReprobe(a));
}

TEST_F(ReachabilityVerdictTest, OneRaceGetsTheHeadStartBackAfterTenMinutes) {  // H3
  Fails(a, FailureReason::kTimedOut);
  now += minutes(10) - milliseconds(1);
  EXPECT_EQ(JudgedForRace(a), kUnreachable);
  now += milliseconds(1);
  EXPECT_EQ(Judged(a), kUnreachable) << "asking is not racing";
  const Verdict verdict = history.JudgeForRace(a, now);
  EXPECT_EQ(verdict.reachability, kUnknown);
  EXPECT_TRUE(verdict.head_start);
  EXPECT_EQ(JudgedForRace(a), kUnreachable) << "one race only";
  now += minutes(10);
  EXPECT_EQ(JudgedForRace(a), kUnknown);
}

TEST_F(ReachabilityVerdictTest, AfterAQuickFailureTheHeadStartIsBackInAMinute) {
  Fails(a, FailureReason::kRefused);
  now += minutes(1) - milliseconds(1);
  EXPECT_EQ(JudgedForRace(a), kUnreachable);
  now += milliseconds(1);
  EXPECT_EQ(JudgedForRace(a), kUnknown);
}

TEST_F(ReachabilityVerdictTest, FurtherFailuresDoNotPostponeTheHeadStart) {  // H3
  Fails(a, FailureReason::kOvertaken, milliseconds(200));
  for (int minute = 1; minute < 10; ++minute) {
    now += minutes(1);
    Fails(a, FailureReason::kTimedOut);
    EXPECT_EQ(JudgedForRace(a), kUnreachable);
  }
  now += minutes(1);
  EXPECT_EQ(JudgedForRace(a), kUnknown);
}

TEST_F(ReachabilityVerdictTest, AMarkOfItsOwnDoesNotPostponeTheHeadStartOfATargetHeldThroughItsPrefix) {  // H3
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kTimedOut);
  now += minutes(9);
  Fails(c, FailureReason::kTimedOut);  // a background attempt
  now += minutes(1);
  EXPECT_EQ(JudgedForRace(c), kUnknown);
}

TEST_F(ReachabilityVerdictTest, AnExpiredTargetHoldGivesTheHeadStartThoughItsPrefixWasHeldLater) {
  Fails(a, FailureReason::kTimedOut);
  now += minutes(5);
  Fails(b, FailureReason::kTimedOut);
  ASSERT_EQ(Judged(c), kUnreachable);
  now += minutes(5);
  EXPECT_EQ(JudgedForRace(c), kUnreachable);
  EXPECT_EQ(JudgedForRace(a), kUnknown);
}

// ---- Background attempts ----

TEST_F(ReachabilityVerdictTest, BackgroundAttemptsAreDueAfterOneTwoFourUpToSixtySeconds) {  // H3
  Fails(a, FailureReason::kTimedOut);
  EXPECT_EQ(history.NextReprobe(a, now), now + seconds(1));
  now += seconds(1) - milliseconds(1);
  EXPECT_FALSE(TakesReprobe(a));
  now += milliseconds(1);
  for (const int interval : {2, 4, 8, 16, 32, 60, 60, 60}) {
    EXPECT_TRUE(TakesReprobe(a));
    EXPECT_FALSE(TakesReprobe(a)) << "one at a time";
    Fails(a, FailureReason::kTimedOut);  // it neither stops the schedule nor begins it anew
    const Duration wait = history.NextReprobe(a, now) - now;
    EXPECT_GE(wait, milliseconds(900) * interval);
    EXPECT_LE(wait, milliseconds(1100) * interval);
    now += wait;
  }
}

TEST_F(ReachabilityVerdictTest, ATargetHeldThroughItsPrefixIsRetriedOnThePrefixsSchedule) {
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kTimedOut);
  now += seconds(1);
  EXPECT_TRUE(TakesReprobe(c));
  EXPECT_FALSE(TakesReprobe(Tcp("2001:db8:1::d"))) << "one attempt speaks for all";
  Fails(c, FailureReason::kTimedOut);
  EXPECT_GE(history.NextReprobe(c, now) - now, milliseconds(1800)) << "its own schedule goes on where that was";
  EXPECT_TRUE(TakesReprobe(a)) << "with a mark of its own";
}

TEST_F(ReachabilityVerdictTest, ATargetHeldThroughItsFamilyIsRetriedToo) {
  for (const auto* address : {"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"}) {
    Fails(Tcp(address), FailureReason::kNetworkUnreachable);
  }
  const Path elsewhere = Tcp("2001:db8:ffff::1");
  now += seconds(1);
  EXPECT_TRUE(TakesReprobe(elsewhere));
  EXPECT_FALSE(TakesReprobe(elsewhere));
  Succeeds(elsewhere);
  EXPECT_EQ(Judged(elsewhere), kReachable);
}

// ---- 503 ----

TEST_F(ReachabilityVerdictTest, AnUnavailableServerIsAvoidedForItsTimeAndNoLonger) {  // D6
  Succeeds(a);
  history.RecordUnavailable(a, now + seconds(30), now);
  EXPECT_TRUE(history.Judge(a, now).unavailable);
  EXPECT_EQ(Judged(a), kReachable) << "503 is not unreachability";
  now += seconds(30) - milliseconds(1);
  EXPECT_TRUE(AvoidedByARequest(a));
  EXPECT_TRUE(AvoidedByARequest(a));
  now += milliseconds(1);
  EXPECT_FALSE(AvoidedByARequest(a));
}

TEST_F(ReachabilityVerdictTest, AnUnavailableServerWithoutATimeIsAvoidedByOneRace) {  // D6: Retry-After 0, or none
  history.RecordUnavailable(a, now, now);
  EXPECT_TRUE(history.Judge(a, now).unavailable);
  EXPECT_TRUE(AvoidedByARequest(a));
  EXPECT_FALSE(AvoidedByARequest(a));
  EXPECT_FALSE(history.Judge(a, now).unavailable);
}

TEST_F(ReachabilityVerdictTest, TheNewestTimeOfA503CountsAndNoneIsBelievedForLongerThanAnHour) {
  history.RecordUnavailable(a, now + std::chrono::hours(24 * 365), now);
  now += std::chrono::hours(1);
  EXPECT_FALSE(history.Judge(a, now).unavailable);
  history.RecordUnavailable(a, now + seconds(30), now);
  history.RecordUnavailable(a, now + seconds(5), now);
  now += seconds(5);
  EXPECT_FALSE(history.Judge(a, now).unavailable);
}

TEST_F(ReachabilityVerdictTest, AnotherRefusalDoesNotShortenTheTimeAServerAskedFor) {
  history.RecordUnavailable(a, now + seconds(30), now);
  history.RecordUnavailable(a, now, now);
  EXPECT_TRUE(AvoidedByARequest(a));
  now += seconds(29);
  EXPECT_TRUE(AvoidedByARequest(a));
}

}  // namespace
}  // namespace flowbroker::history
