#include "broker/history/reachability_history.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "broker/history/family_history.h"

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;

Target Tcp(std::string_view address, std::uint16_t port = 5060) {
  return {.endpoint = {IpAddress::Parse(address).value(), port}, .transport = Transport::kTcp};
}

AttemptOutcome Success(const Target& target, Duration rtt, AttemptStage stage = AttemptStage::kTcp) {
  return {.path = {{}, target}, .stage = stage, .failure = std::nullopt, .rtt = rtt};
}

TEST(ReachabilityHistoryTest, ExpectsNothingOfTheUnknown) {
  FamilyHistory families;
  const ReachabilityHistory history({}, families);
  EXPECT_FALSE(history.Expect({{}, Tcp("192.0.2.1")}, AttemptStage::kTcp, {}));
}

TEST(ReachabilityHistoryTest, ExpectsOfATargetWhatItShowedBefore) {
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  history.Record(Success(Tcp("192.0.2.1"), milliseconds(20)), {});
  history.Record(Success(Tcp("192.0.2.2"), milliseconds(80)), {});
  const auto expected = history.Expect({{}, Tcp("192.0.2.1")}, AttemptStage::kTcp, {});
  ASSERT_TRUE(expected);
  EXPECT_TRUE(expected->of_target);
  EXPECT_EQ(expected->estimate.smoothed(), milliseconds(20));
}

TEST(ReachabilityHistoryTest, ExpectsOfANewTargetWhatItsPrefixShowed) {  // H4
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  history.Record(Success(Tcp("192.0.2.1"), milliseconds(20)), {});
  history.Record(Success(Tcp("2001:db8:1::1"), milliseconds(30)), {});
  const auto ipv4 = history.Expect({{}, Tcp("192.0.2.77")}, AttemptStage::kTcp, {});
  ASSERT_TRUE(ipv4);
  EXPECT_FALSE(ipv4->of_target);
  EXPECT_EQ(ipv4->estimate.smoothed(), milliseconds(20));
  const auto ipv6 = history.Expect({{}, Tcp("2001:db8:1:ffff::9")}, AttemptStage::kTcp, {});
  ASSERT_TRUE(ipv6);
  EXPECT_EQ(ipv6->estimate.smoothed(), milliseconds(30));
}

TEST(ReachabilityHistoryTest, DoesNotSpeakForOtherPrefixesOrTransports) {
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  history.Record(Success(Tcp("192.0.2.1"), milliseconds(20)), {});
  history.Record(Success(Tcp("2001:db8:1::1"), milliseconds(30)), {});
  EXPECT_FALSE(history.Expect({{}, Tcp("192.0.3.1")}, AttemptStage::kTcp, {}));
  EXPECT_FALSE(history.Expect({{}, Tcp("2001:db8:2::1")}, AttemptStage::kTcp, {}));
  Target tls = Tcp("192.0.2.1");
  tls.transport = Transport::kTls;
  EXPECT_FALSE(history.Expect({{}, tls}, AttemptStage::kTcp, {}));
}

TEST(ReachabilityHistoryTest, PrefixLengthsAreConfigurable) {
  FamilyHistory families;
  ReachabilityHistory history({.ipv4_prefix_bits = 22, .ipv6_prefix_bits = 0}, families);
  history.Record(Success(Tcp("192.0.0.1"), milliseconds(20)), {});
  history.Record(Success(Tcp("2001:db8::1"), milliseconds(30)), {});
  EXPECT_TRUE(history.Expect({{}, Tcp("192.0.3.1")}, AttemptStage::kTcp, {}));
  EXPECT_FALSE(history.Expect({{}, Tcp("192.0.4.1")}, AttemptStage::kTcp, {}));
  EXPECT_TRUE(history.Expect({{}, Tcp("fd00::1")}, AttemptStage::kTcp, {}));
}

TEST(ReachabilityHistoryTest, KeepsStagesApart) {
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  const Target target = Tcp("192.0.2.1");
  history.Record(Success(target, milliseconds(20), AttemptStage::kTcp), {});
  EXPECT_FALSE(history.Expect({{}, target}, AttemptStage::kTls, {}));
  history.Record(Success(target, milliseconds(45), AttemptStage::kTls), {});
  EXPECT_EQ(history.Expect({{}, target}, AttemptStage::kTls, {})->estimate.smoothed(), milliseconds(45));
  EXPECT_EQ(history.Expect({{}, target}, AttemptStage::kTcp, {})->estimate.smoothed(), milliseconds(20));
}

TEST(ReachabilityHistoryTest, FallsBackToThePrefixForAStageTheTargetNeverReached) {
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  history.Record(Success(Tcp("192.0.2.1"), milliseconds(45), AttemptStage::kTls), {});
  history.Record(Success(Tcp("192.0.2.2"), milliseconds(20), AttemptStage::kTcp), {});
  const auto expected = history.Expect({{}, Tcp("192.0.2.2")}, AttemptStage::kTls, {});
  ASSERT_TRUE(expected);
  EXPECT_FALSE(expected->of_target);
}

TEST(ReachabilityHistoryTest, LearnsNoRttFromFailures) {
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  const Target target = Tcp("192.0.2.1");
  history.Record({{{}, target}, AttemptStage::kTcp, FailureReason::kTimedOut, milliseconds(10'000)}, {});
  history.Record({{{}, target}, AttemptStage::kTcp, std::nullopt, std::nullopt}, {});
  EXPECT_FALSE(history.Expect({{}, target}, AttemptStage::kTcp, {}));
}

TEST(ReachabilityHistoryTest, ForgetsTheTargetRecordedLeastRecently) {
  FamilyHistory families;
  ReachabilityHistory history({.max_targets = 2, .max_prefixes = 1}, families);
  history.Record(Success(Tcp("10.0.0.1"), milliseconds(10)), {});
  history.Record(Success(Tcp("10.0.1.1"), milliseconds(10)), {});
  history.Record(Success(Tcp("10.0.0.1"), milliseconds(10)), {});
  history.Record(Success(Tcp("10.0.2.1"), milliseconds(10)), {});
  EXPECT_EQ(history.target_count(), 2U);
  EXPECT_TRUE(history.Expect({{}, Tcp("10.0.0.1")}, AttemptStage::kTcp, {}));
  EXPECT_FALSE(history.Expect({{}, Tcp("10.0.1.1")}, AttemptStage::kTcp, {}))
      << "neither the target nor its prefix is kept";
}

TEST(ReachabilityHistoryTest, AnOldEstimateCountsAsNone) {  // S6
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  const Path path{{}, Tcp("192.0.2.1")};
  history.Record(Success(path.target, milliseconds(20)), {});
  const TimePoint old = TimePoint{} + HistoryOptions{}.lifetime;
  EXPECT_TRUE(history.Expect(path, AttemptStage::kTcp, old - milliseconds(1)));
  EXPECT_FALSE(history.Expect(path, AttemptStage::kTcp, old));
  history.Record(Success(path.target, milliseconds(80)), old);
  EXPECT_EQ(history.Expect(path, AttemptStage::kTcp, old)->estimate.smoothed(), milliseconds(80));
}

TEST(ReachabilityHistoryTest, TrustsATargetThatAnsweredLatelyUntilItFailsOrFallsQuiet) {
  FamilyHistory families;
  ReachabilityHistory history({}, families);
  const Path path{{}, Tcp("192.0.2.1")};
  const auto trusted = [&](TimePoint now) { return history.Expect(path, AttemptStage::kTcp, now)->trusted; };
  history.Record(Success(path.target, milliseconds(20)), {});
  EXPECT_TRUE(trusted({}));
  EXPECT_FALSE(trusted(TimePoint{} + std::chrono::minutes(50)));
  history.Record({path, AttemptStage::kTcp, FailureReason::kTimedOut, std::nullopt}, {});
  EXPECT_FALSE(trusted({}));
  history.Record(Success(path.target, milliseconds(20)), {});
  EXPECT_FALSE(trusted({})) << "one answer in two";
  for (int i = 0; i < 10; ++i) history.Record(Success(path.target, milliseconds(20)), {});
  EXPECT_TRUE(trusted({}));
}

}  // namespace
}  // namespace flowbroker::history
