// Preferences, forgetting and keeping; with reachability_history.h.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/history/remembered_paths.h"

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ReachabilityPreferenceTest : public ::testing::Test, protected RememberedPaths {
 protected:
  FamilyPreference Of(const Path& path) const {
    for (const FamilyPreference& one : history.Preferences(now)) {
      if (CommonPrefixLength(one.key.prefix, path.target.endpoint.address) >= one.prefix_bits) return one;
    }
    ADD_FAILURE() << "no preference for " << path.target.ToString();
    return history.Preferences(now).front();
  }
  void Race(const Path& winner) { history.RecordRace(winner, std::vector{a, b, v4}, now); }

  const Path a = Tcp("2001:db8:1::a");
  const Path b = Tcp("2001:db8:1::b");
  const Path v4 = Tcp("192.0.2.1");
};

TEST_F(ReachabilityPreferenceTest, APrefixPrefersItsOwnFamily) {  // H2
  history.Record({a, AttemptStage::kTcp, std::nullopt, milliseconds(20)}, now);
  const FamilyPreference preference = Of(a);
  EXPECT_EQ(preference.preferred, AddressFamily::kIpv6);
  EXPECT_EQ(preference.prefix_bits, 48);
  EXPECT_EQ(preference.reachability, Reachability::kReachable);
  EXPECT_EQ(preference.smoothed_rtt, milliseconds(20));
  EXPECT_EQ(preference.next_reprobe, kNever);
  EXPECT_GT(preference.confidence, 0.8);
  EXPECT_TRUE(history.TakeChanges(now).size() == 1) << "it became reachable";
  EXPECT_TRUE(history.TakeChanges(now).empty());
}

TEST_F(ReachabilityPreferenceTest, ALostRaceTurnsThePreferenceUntilASuccess) {
  now += seconds(1);
  Race(v4);
  EXPECT_EQ(Of(a).preferred, AddressFamily::kIpv4);
  EXPECT_EQ(Of(a).since, now);
  EXPECT_EQ(Of(a).losses, 1U) << "two candidates, one prefix";
  EXPECT_EQ(Of(v4).wins, 1U);
  EXPECT_GT(Of(a).confidence, 0.7);
  const TimePoint lost = now;
  now += seconds(1);
  Race(v4);
  EXPECT_EQ(Of(a).since, lost);
  now += seconds(1);
  Succeeds(a);
  EXPECT_EQ(Of(a).preferred, AddressFamily::kIpv6);
  EXPECT_EQ(Of(a).since, now);
}

TEST_F(ReachabilityPreferenceTest, AHeldPrefixPrefersTheOtherFamilyAndSaysWhyAndUntilWhen) {
  now += seconds(1);
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kOvertaken, milliseconds(200));
  const FamilyPreference preference = Of(a);
  EXPECT_EQ(preference.preferred, AddressFamily::kIpv4);
  EXPECT_EQ(preference.reachability, Reachability::kUnreachable);
  EXPECT_EQ(preference.failure, FailureReason::kOvertaken);
  EXPECT_EQ(preference.next_reprobe, now + seconds(1));
  EXPECT_EQ(preference.since, now);
}

TEST_F(ReachabilityPreferenceTest, AHeldFamilyTurnsAllItsPrefixes) {
  Succeeds(Tcp("2001:db8:9::1"));
  now += seconds(1);
  for (const auto* address : {"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"}) {
    Fails(Tcp(address), FailureReason::kNetworkUnreachable);
  }
  EXPECT_EQ(Of(Tcp("2001:db8:9::1")).preferred, AddressFamily::kIpv4);
  EXPECT_EQ(Of(Tcp("2001:db8:9::1")).since, now);
  EXPECT_EQ(history.TakeChanges(now).size(), 4U);
}

TEST_F(ReachabilityPreferenceTest, APreferenceFadesWithItsEvidence) {  // S6
  Race(v4);
  history.TakeChanges(now);
  now += options.lifetime;
  EXPECT_EQ(Of(a).preferred, AddressFamily::kIpv6);
  EXPECT_EQ(history.TakeChanges(now).size(), 1U);
}

TEST_F(ReachabilityPreferenceTest, AChangeOfOnePrefixIsTakenWithoutAskingTheOthers) {
  Fails(a, FailureReason::kNetworkUnreachable);
  Succeeds(v4);
  ASSERT_TRUE(history.TakeChange(a, now));
  EXPECT_FALSE(history.TakeChange(a, now)) << "told already";
  EXPECT_FALSE(history.TakeChange(Tcp("203.0.113.1"), now)) << "nothing is known of it";
  EXPECT_EQ(history.TakeChanges(now).size(), 1U) << "the other one was not asked";
}

TEST_F(ReachabilityPreferenceTest, TellsTheTargetsOfAnAddressOnAllNetworks) {
  Succeeds(a);
  Succeeds(Tcp("2001:db8:1::a", 3));
  Fails(Tls("2001:db8:1::a"), FailureReason::kTimedOut);
  Succeeds(b);
  EXPECT_EQ(history.PathsOf(a.target.endpoint.address).size(), 3U);
  EXPECT_TRUE(history.PathsOf(v4.target.endpoint.address).empty());
}

// ---- Forgetting ----

TEST_F(ReachabilityPreferenceTest, ForgetsAnAddressOnAllNetworks) {
  Fails(a, FailureReason::kTimedOut);
  Fails(Tcp("2001:db8:1::a", 3), FailureReason::kTimedOut);
  Fails(Tls("2001:db8:1::a"), FailureReason::kTimedOut);
  Fails(v4, FailureReason::kTimedOut);
  EXPECT_TRUE(history.Forget(a.target.endpoint.address));
  EXPECT_EQ(history.target_count(), 1U);
  EXPECT_EQ(Judged(a), Reachability::kUnknown);
  EXPECT_EQ(Judged(v4), Reachability::kUnreachable);
  EXPECT_FALSE(history.Forget(a.target.endpoint.address));
}

TEST_F(ReachabilityPreferenceTest, ForgettingAnAddressFreesItOfItsPrefixAndLeavesOtherTargetsAlone) {
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kTimedOut);
  ASSERT_EQ(history.Judge(Tcp("2001:db8:1::c"), now).level, Level::kPrefix);
  EXPECT_TRUE(history.Forget(a.target.endpoint.address));
  EXPECT_EQ(history.prefix_count(), 0U);
  EXPECT_EQ(Judged(a), Reachability::kUnknown);
  EXPECT_EQ(Judged(b), Reachability::kUnreachable);
}

TEST_F(ReachabilityPreferenceTest, ForgetsAPrefixWithAllInside) {
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kTimedOut);
  Fails(Tcp("2001:db9::1"), FailureReason::kTimedOut);
  EXPECT_FALSE(history.Forget(*IpAddress::Parse("2001:db8:2::"), 48));
  EXPECT_TRUE(history.Forget(*IpAddress::Parse("2001:db8::"), 32));
  EXPECT_EQ(Judged(Tcp("2001:db8:1::c")), Reachability::kUnknown);
  EXPECT_EQ(history.target_count(), 1U);
  EXPECT_EQ(history.prefix_count(), 1U);
}

TEST_F(ReachabilityPreferenceTest, ForgettingPartOfAPrefixKeepsThePrefix) {
  Fails(a, FailureReason::kTimedOut);
  Fails(b, FailureReason::kTimedOut);
  EXPECT_TRUE(history.Forget(*IpAddress::Parse("2001:db8:1::"), 64));
  EXPECT_EQ(history.target_count(), 0U);
  EXPECT_EQ(history.Judge(a, now).level, Level::kPrefix);
}

TEST_F(ReachabilityPreferenceTest, ForgetsEverything) {
  for (const auto* address : {"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"}) {
    Fails(Tcp(address), FailureReason::kNetworkUnreachable);
  }
  history.ForgetAll();
  EXPECT_EQ(history.target_count(), 0U);
  EXPECT_EQ(history.prefix_count(), 0U);
  EXPECT_EQ(Judged(Tcp("2001:db8:9::1")), Reachability::kUnknown) << "the family too";
}

TEST_F(ReachabilityPreferenceTest, CountsWhatItForgetsForWantOfRoom) {
  FamilyHistory own_families;
  ReachabilityHistory small({.max_targets = 2, .max_prefixes = 1}, own_families);
  for (const Path& path : {a, b, v4}) small.Record({path, AttemptStage::kTcp, std::nullopt, std::nullopt}, now);
  EXPECT_EQ(small.evicted_targets(), 1U);
  EXPECT_EQ(small.evicted_prefixes(), 1U);
}

// ---- Keeping ----

TEST_F(ReachabilityPreferenceTest, WhatIsExportedIsKnownAfterAnImport) {
  now += minutes(3);
  history.Record({v4, AttemptStage::kTcp, std::nullopt, milliseconds(20)}, now);
  Fails(a, FailureReason::kOvertaken, milliseconds(240));
  Fails(b, FailureReason::kTimedOut);
  Race(v4);
  history.RecordUnavailable(v4, now + seconds(9), now);

  RememberedPaths other;
  other.now = now;
  other.history.Import(history.Export());
  other.families.Import(families.Export());
  EXPECT_EQ(other.Judged(v4), Reachability::kReachable);
  EXPECT_TRUE(other.history.Judge(v4, now).unavailable);
  EXPECT_TRUE(other.history.Expect(v4, AttemptStage::kTcp, now)->trusted);
  EXPECT_EQ(other.Judged(a), Reachability::kUnreachable);
  EXPECT_EQ(other.Judged(Tcp("2001:db8:1::c")), Reachability::kUnreachable);
  EXPECT_EQ(other.history.NextReprobe(a, now), history.NextReprobe(a, now));
  other.Succeeds(a, milliseconds(600));
  EXPECT_EQ(other.Judged(a), Reachability::kSlow);
}

TEST_F(ReachabilityPreferenceTest, AnImportKeepsWhoIsForgottenFirst) {
  Succeeds(a);
  Succeeds(b);
  Succeeds(v4);
  FamilyHistory own_families;
  ReachabilityHistory small({.max_targets = 2}, own_families);
  small.Import(history.Export());
  EXPECT_EQ(small.Judge(a, now).reachability, Reachability::kUnknown);
  EXPECT_EQ(small.Judge(b, now).reachability, Reachability::kReachable);
  EXPECT_EQ(small.Judge(v4, now).reachability, Reachability::kReachable);
}

TEST_F(ReachabilityPreferenceTest, PrefixesOfAnotherLengthAreNotImported) {
  Succeeds(a);
  FamilyHistory own_families;
  ReachabilityHistory wider({.ipv6_prefix_bits = 32}, own_families);
  wider.Import(history.Export());
  EXPECT_EQ(wider.target_count(), 1U);
  EXPECT_EQ(wider.prefix_count(), 0U);
}

}  // namespace
}  // namespace flowbroker::history
