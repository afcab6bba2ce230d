#include <gtest/gtest.h>

#include <chrono>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using engine::FlowSource;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kIpv6 = "2001:db8::10";
constexpr const char* kIpv4 = "192.0.2.10";

Target Tcp(const char* address) {
  return {{*IpAddress::Parse(address), 5060}, Transport::kTcp};
}
Target Tls(const char* address) {
  return {{*IpAddress::Parse(address), 5061}, Transport::kTls};
}
Target Udp(const char* address) {
  return {{*IpAddress::Parse(address), 5060}, Transport::kUdp};
}

/// A dual-stack host reached by explicit port, so that one DNS round of 1 ms is all the location takes.
class AcquireTest : public ::testing::Test {
 protected:
  AcquireTest() { shard_.Host("example.org", {kIpv6, kIpv4}); }

  void ScriptTcp(TargetScript ipv6, TargetScript ipv4) {
    shard_.Script(Tcp(kIpv6), ipv6);
    shard_.Script(Tcp(kIpv4), ipv4);
  }
  void ScriptTls(TargetScript ipv6, TargetScript ipv4) {
    shard_.Script(Tls(kIpv6), ipv6);
    shard_.Script(Tls(kIpv4), ipv4);
  }

  static constexpr const char* kTcpUri = "sip:example.org:5060;transport=tcp";
  static constexpr const char* kTlsUri = "sips:example.org:5061";
  static constexpr const char* kUdpUri = "sip:example.org:5060;transport=udp";
  static constexpr TargetScript kGood{};
  static constexpr TargetScript kSilent{.kind = TargetScript::Kind::kSilent};
  static constexpr TargetScript kRefuses{.kind = TargetScript::Kind::kRefuses};
  static constexpr TargetScript kStalls{.kind = TargetScript::Kind::kStallsTls};

  ScriptedShard shard_;
};

TEST_F(AcquireTest, TakesOneRoundTripWhenThePreferredFamilyWorks_H2) {
  ScriptTcp(kGood, kGood);
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  ASSERT_TRUE(result.flow) << result.flow.error().ToString();
  EXPECT_EQ(result.flow->remote, Tcp(kIpv6));
  EXPECT_EQ(result.flow->source, FlowSource::kRaced);
  EXPECT_EQ(took, milliseconds(1 + 20));
  EXPECT_EQ(shard_.connections_opened(), 1);
}

TEST_F(AcquireTest, SilentPreferredFamilyCostsOneAttemptDelay_H1_H7) {
  ScriptTcp(kSilent, kGood);
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(result.flow->remote, Tcp(kIpv4));
  EXPECT_EQ(took, milliseconds(1 + 200 + 20));
  EXPECT_EQ(shard_.sockets_open(), 1U) << "the loser is closed (H6)";
}

TEST_F(AcquireTest, RefusedPreferredFamilyCostsItsRoundTripOnly) {
  ScriptTcp(kRefuses, kGood);
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(result.flow->remote, Tcp(kIpv4));
  EXPECT_EQ(took, milliseconds(1 + 20 + 20));
}

TEST_F(AcquireTest, StalledTlsHandshakeLosesTheRace) {
  ScriptTls(kStalls, kGood);
  const auto [result, took] = shard_.AcquireNow(kTlsUri);
  EXPECT_EQ(result.flow->remote, Tls(kIpv4));
  EXPECT_EQ(took, milliseconds(1 + 20 + 200 + 40));
}

TEST_F(AcquireTest, RoundTripsLearnedShortenTheDelayOfALaterRace) {
  ScriptTcp(kGood, kGood);
  for (int i = 0; i < 10; ++i) {
    const auto [result, took] = shard_.AcquireNow(kTcpUri);
    shard_.core().flows().Close(result.flow->id, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
  }
  ScriptTcp(kSilent, kGood);
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(result.flow->remote, Tcp(kIpv4));
  EXPECT_LT(took, milliseconds(100)) << "ten samples of 20 ms are known of the silent target";
}

TEST_F(AcquireTest, UdpIsReadyWhenOptionsWasAnswered_S9) {
  shard_.Script(Udp(kIpv6), kGood);
  shard_.Script(Udp(kIpv4), kGood);
  const auto [result, took] = shard_.AcquireNow(kUdpUri);
  EXPECT_EQ(result.flow->remote, Udp(kIpv6));
  EXPECT_EQ(took, milliseconds(1 + 20));
  EXPECT_NE(shard_.SentOn(result.flow->id).find("Max-Forwards: 0"), std::string::npos);
}

TEST_F(AcquireTest, UdpProbeIsRetransmittedByT1) {
  shard_.Host("one.example.org", {kIpv4});
  shard_.Script(Udp(kIpv4), kSilent);
  const auto result = shard_.Acquire("sip:one.example.org:5060;transport=udp");
  shard_.RunFor(milliseconds(600));
  shard_.Script(Udp(kIpv4), kGood);  // the third copy, 1.5 s after the first, gets through
  shard_.RunFor(seconds(1));
  ASSERT_TRUE(*result);
  EXPECT_TRUE((*result)->flow);
}

TEST_F(AcquireTest, SecondRequestIsAnsweredFromThePoolWithoutIo_H12) {
  ScriptTcp(kGood, kGood);
  const auto first = shard_.AcquireNow(kTcpUri).first;
  const int opened = shard_.connections_opened();
  const int asked = shard_.dns_questions_asked();
  const auto [second, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(second.flow->id, first.flow->id);
  EXPECT_EQ(second.flow->source, FlowSource::kPooled);
  EXPECT_EQ(took, Duration{0});
  EXPECT_EQ(shard_.connections_opened(), opened);
  EXPECT_EQ(shard_.dns_questions_asked(), asked);
}

TEST_F(AcquireTest, EqualRequestsInFlightShareOneRace) {
  ScriptTcp(kGood, kGood);
  const auto a = shard_.Acquire(kTcpUri);
  const auto b = shard_.Acquire("sip:somebody.else@example.org:5060;transport=tcp");
  shard_.RunFor(seconds(1));
  EXPECT_EQ((*a)->flow->id, (*b)->flow->id);
  EXPECT_EQ((*a)->flow->source, FlowSource::kRaced);
  EXPECT_EQ((*b)->flow->source, FlowSource::kShared);
  EXPECT_EQ(shard_.connections_opened(), 1);
  EXPECT_EQ(shard_.dns_questions_asked(), 2) << "A and AAAA, once each";
}

TEST_F(AcquireTest, FlowsAreNotSharedBetweenClientGroups) {
  ScriptTcp(kGood, kGood);
  const auto a = shard_.AcquireNow(kTcpUri).first;
  auto request = ScriptedShard::RequestFor(kTcpUri);
  request.owner.client_group = "other";
  const auto b = shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  EXPECT_NE((*b)->flow->id, a.flow->id);
}

TEST_F(AcquireTest, DeadlineEndsTheCallerNotTheRace) {
  ScriptTcp({.rtt = milliseconds(150)}, kSilent);
  const auto [result, took] = shard_.AcquireNow(kTcpUri, milliseconds(100));
  ASSERT_FALSE(result.flow);
  EXPECT_EQ(result.flow.error().reason, FailureReason::kDeadlineExceeded);
  EXPECT_EQ(took, milliseconds(100));
  EXPECT_FALSE(result.trace.steps.empty());
  shard_.RunFor(seconds(1));
  EXPECT_EQ(shard_.AcquireNow(kTcpUri).first.flow->source, FlowSource::kPooled);
}

TEST_F(AcquireTest, UnknownNameIsSaidSo) {
  const auto [result, took] = shard_.AcquireNow("sip:nowhere.example.org:5060");
  ASSERT_FALSE(result.flow);
  EXPECT_EQ(result.flow.error().reason, FailureReason::kNoSuchName);
}

TEST_F(AcquireTest, FailureOfAllTargetsNamesEachWithItsReason) {
  ScriptTls(kRefuses, {.kind = TargetScript::Kind::kBadIdentity});
  const auto [result, took] = shard_.AcquireNow(kTlsUri);
  ASSERT_FALSE(result.flow);
  EXPECT_NE(result.flow.error().detail.find("[2001:db8::10]:5061 refused"), std::string::npos);
  EXPECT_NE(result.flow.error().detail.find("192.0.2.10:5061 certificate_mismatch (TCP up after 20.0 ms; wanted a"),
            std::string::npos)
      << result.flow.error().detail;
  EXPECT_EQ(shard_.sockets_open(), 0U);
}

TEST_F(AcquireTest, SilenceEverywhereEndsWithTheConnectTimeout) {
  ScriptTcp(kSilent, kSilent);
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  ASSERT_FALSE(result.flow);
  EXPECT_EQ(result.flow.error().reason, FailureReason::kTimedOut);
  EXPECT_EQ(took, milliseconds(1 + 200 + 10'000));
}

TEST_F(AcquireTest, StaleFlowIsProbedAndUsedWhenItAnswers_S8) {
  ScriptTcp(kGood, kGood);
  const auto first = shard_.AcquireNow(kTcpUri).first;
  shard_.RunFor(seconds(40));
  const auto [second, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(second.flow->id, first.flow->id);
  EXPECT_EQ(second.flow->source, FlowSource::kProbed);
  EXPECT_EQ(took, milliseconds(20));
}

TEST_F(AcquireTest, RaceStartsBesideALateProbeAndTheDeadFlowIsClosed_H12) {
  ScriptTcp(kGood, kGood);
  const auto first = shard_.AcquireNow(kTcpUri).first;
  shard_.RunFor(seconds(40));
  ScriptTcp(kSilent, kGood);
  const auto [second, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(second.flow->remote, Tcp(kIpv4));
  EXPECT_LT(took, milliseconds(600));
  shard_.RunFor(seconds(15));
  EXPECT_FALSE(shard_.core().flows().View(first.flow->id, {}, shard_.now())) << "the probe was never answered";
}

TEST_F(AcquireTest, RequestThatIsNotTimeSensitiveSkipsTheProbe_S10) {
  ScriptTcp(kGood, kGood);
  const auto first = shard_.AcquireNow(kTcpUri).first;
  shard_.RunFor(seconds(40));
  auto request = ScriptedShard::RequestFor(kTcpUri);
  request.time_sensitive = false;
  const auto second = shard_.Acquire(request);
  ASSERT_TRUE(*second);
  EXPECT_EQ((*second)->flow->id, first.flow->id);
}

TEST_F(AcquireTest, FlowClosedByItsPeerLeavesThePoolAtOnce) {
  ScriptTcp(kGood, kGood);
  const auto first = shard_.AcquireNow(kTcpUri).first;
  shard_.PeerCloses(first.flow->id);
  const auto second = shard_.AcquireNow(kTcpUri).first;
  EXPECT_NE(second.flow->id, first.flow->id);
  EXPECT_EQ(shard_.state().events.latest(), 3U) << "opened, closed, opened";
}

TEST_F(AcquireTest, UnusedFlowIsClosedAfterTheIdleTimeout) {
  ScriptTcp(kGood, kGood);
  const auto first = shard_.AcquireNow(kTcpUri).first;
  shard_.RunFor(minutes(5) - milliseconds(1));
  EXPECT_TRUE(shard_.core().flows().View(first.flow->id, {}, shard_.now()));
  shard_.RunFor(milliseconds(2));
  EXPECT_FALSE(shard_.core().flows().View(first.flow->id, {}, shard_.now()));
  EXPECT_EQ(shard_.sockets_open(), 0U);
}

TEST_F(AcquireTest, ExclusiveFlowIsNobodyElsesAndIsClosedByRelease) {
  ScriptTcp(kGood, kGood);
  auto request = ScriptedShard::RequestFor(kTcpUri);
  request.exclusive = true;
  const auto own = shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  const auto other = shard_.AcquireNow(kTcpUri).first;
  EXPECT_NE((*own)->flow->id, other.flow->id);
  EXPECT_TRUE(shard_.core().flows().Release((*own)->flow->id, {}, shard_.now()));
  EXPECT_FALSE(shard_.core().flows().View((*own)->flow->id, {}, shard_.now()));
  EXPECT_TRUE(shard_.core().flows().Release(other.flow->id, {}, shard_.now()));
  EXPECT_TRUE(shard_.core().flows().View(other.flow->id, {}, shard_.now())) << "a shared flow stays in the pool";
}

TEST_F(AcquireTest, RepeatedRequestIdGetsTheSameFlow) {
  ScriptTcp(kGood, kGood);
  auto request = ScriptedShard::RequestFor(kTcpUri);
  request.exclusive = true;
  request.request_id = "retry-1";
  const auto first = shard_.Acquire(request);
  const auto in_flight = shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  const auto later = shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  EXPECT_EQ((*first)->flow->id, (*in_flight)->flow->id);
  EXPECT_EQ((*first)->flow->id, (*later)->flow->id);
  EXPECT_EQ(shard_.connections_opened(), 1);
}

TEST_F(AcquireTest, CancelledExclusiveRequestLeavesNothingBehind) {
  ScriptTcp(kGood, kGood);
  auto request = ScriptedShard::RequestFor(kTcpUri);
  request.exclusive = true;
  bool cancelled = false;
  const std::uint64_t number = shard_.core().acquisitions().Start(
      request, "key",
      [&](const engine::AcquireResult& r) { cancelled = r.flow.error().reason == FailureReason::kCancelled; },
      shard_.now());
  shard_.RunFor(milliseconds(5));
  shard_.core().acquisitions().Cancel(number, shard_.now());
  shard_.RunFor(seconds(1));
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(shard_.sockets_open(), 0U);
  EXPECT_EQ(shard_.state().flows, 0U);
}

TEST_F(AcquireTest, LateAaaaIsWaitedForNoLongerThanTheResolutionDelay) {
  ScriptTcp(kGood, kGood);
  dns::RecordSet late{
      .status = dns::AnswerStatus::kRecords, .ttl = seconds(60), .addresses = {*IpAddress::Parse(kIpv6)}};
  shard_.Answer("example.org", dns::RecordType::kAaaa, late, seconds(3));
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(result.flow->remote, Tcp(kIpv4));
  EXPECT_EQ(took, milliseconds(1 + 50 + 20));
}

TEST_F(AcquireTest, StaleAnswersAreServedWhileDnsIsDownAndSaidSo) {
  ScriptTcp(kGood, kGood);
  shard_.Host("example.org", {kIpv6}, seconds(10));
  const auto first = shard_.AcquireNow(kTcpUri).first;
  shard_.core().flows().Close(first.flow->id, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
  shard_.RunFor(seconds(20));
  const dns::RecordSet down{.status = dns::AnswerStatus::kTimedOut};
  shard_.Answer("example.org", dns::RecordType::kA, down, seconds(2));
  shard_.Answer("example.org", dns::RecordType::kAaaa, down, seconds(2));
  const auto [second, slow] = shard_.AcquireNow(kTcpUri);
  ASSERT_TRUE(second.flow) << second.flow.error().ToString();
  EXPECT_TRUE(std::ranges::any_of(second.trace.steps,
                                  [](const TraceStep& step) { return step.outcome == TraceOutcome::kStale; }));
  shard_.core().flows().Close(second.flow->id, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
  const auto [third, quick] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(quick, milliseconds(20)) << "DNS trouble is not paid for by every request";
}

TEST_F(AcquireTest, FlowToAWorseSrvRecordIsNoExcuseToStarveTheBetterOne_S5) {
  dns::RecordSet srv{.status = dns::AnswerStatus::kRecords, .ttl = seconds(60)};
  srv.srv = {{10, 0, 5060, *dns::DnsName::Parse("first.example.org")},
             {20, 0, 5060, *dns::DnsName::Parse("second.example.org")}};
  shard_.Answer("_sip._tcp.srv.example.org", dns::RecordType::kSrv, srv);
  shard_.Host("first.example.org", {"192.0.2.1"});
  shard_.Host("second.example.org", {"192.0.2.2"});
  shard_.Script(Tcp("192.0.2.1"), kGood);
  shard_.Script(Tcp("192.0.2.2"), kGood);
  EXPECT_EQ(shard_.AcquireNow("sip:192.0.2.2;transport=tcp").first.flow->remote, Tcp("192.0.2.2"));
  EXPECT_EQ(shard_.AcquireNow("sip:srv.example.org;transport=tcp").first.flow->remote, Tcp("192.0.2.1"));
}

TEST_F(AcquireTest, NumericUriNeedsNoDns) {
  shard_.Script(Udp(kIpv4), kGood);
  const auto [result, took] = shard_.AcquireNow("sip:192.0.2.10");
  EXPECT_EQ(result.flow->remote, Udp(kIpv4));
  EXPECT_EQ(shard_.dns_questions_asked(), 0);
}

TEST(AcquireLimitsTest, EachLimitIsNamedWhenHit) {
  engine::BrokerOptions options;
  options.flows.max_flows = 1;
  ScriptedShard shard(1, options);
  shard.Script(Tcp("192.0.2.1"), {});
  shard.Script(Tcp("192.0.2.2"), {});
  EXPECT_TRUE(shard.AcquireNow("sip:192.0.2.1;transport=tcp").first.flow);
  const auto refused = shard.AcquireNow("sip:192.0.2.2;transport=tcp").first;
  ASSERT_FALSE(refused.flow);
  EXPECT_EQ(refused.flow.error().reason, FailureReason::kLimitReached);
  EXPECT_EQ(refused.flow.error().detail, "max_flows");
  EXPECT_EQ(shard.sockets_open(), 1U);
}

TEST(AcquireLimitsTest, RacesWaitForRoomUnderMaxAttempts) {
  engine::BrokerOptions options;
  options.max_attempts = 1;
  ScriptedShard shard(1, options);
  shard.Script(Tcp("192.0.2.1"), {});
  shard.Script(Tcp("192.0.2.2"), {});
  const auto a = shard.Acquire("sip:192.0.2.1;transport=tcp");
  const auto b = shard.Acquire("sip:192.0.2.2;transport=tcp");
  EXPECT_EQ(shard.connections_opened(), 1);
  shard.RunFor(seconds(1));
  EXPECT_TRUE((*a)->flow);
  EXPECT_TRUE((*b)->flow);
}

TEST(AcquireLimitsTest, NamesOfOneTargetShareItsFlowInsteadOfFillingIt) {
  engine::BrokerOptions options;
  options.flows.max_flows_per_target = 2;
  ScriptedShard shard(1, options);
  shard.Script(Tcp("192.0.2.1"), {});
  std::vector<std::shared_ptr<std::optional<engine::AcquireResult>>> results;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "customer" + std::to_string(i) + ".example.org";
    shard.Host(name, {"192.0.2.1"});
    results.push_back(shard.Acquire("sip:" + name + ":5060;transport=tcp"));
  }
  shard.RunFor(seconds(1));
  for (const auto& result : results) EXPECT_TRUE((*result)->flow) << (*result)->flow.error().ToString();
  EXPECT_EQ(shard.sockets_open(), 1U);
}

TEST(AcquireLimitsTest, RoomThatAWokenRaceDoesNotNeedGoesToTheNext) {
  engine::BrokerOptions options;
  options.max_attempts = 1;
  ScriptedShard shard(1, options);
  shard.Script(Tcp("192.0.2.1"), {});
  shard.Script(Tcp("192.0.2.2"), {});
  for (const char* name : {"a.example.org", "b.example.org", "c.example.org"}) shard.Host(name, {"192.0.2.1"});
  std::vector<std::shared_ptr<std::optional<engine::AcquireResult>>> results;
  for (const char* host : {"a.example.org", "b.example.org", "c.example.org", "192.0.2.2"}) {
    results.push_back(shard.Acquire("sip:" + std::string(host) + ":5060;transport=tcp"));
  }
  shard.RunFor(seconds(1));
  for (const auto& result : results) EXPECT_TRUE(result->has_value() && (*result)->flow);
}

TEST(AcquireLimitsTest, RequestsNobodyWaitsForDoNotQueueBeforeOthers) {
  engine::BrokerOptions options;
  options.max_attempts = 1;
  ScriptedShard shard(1, options);
  for (int i = 1; i <= 50; ++i) {  // all silent; each caller gives up after 100 ms
    const std::string address = "192.0.2." + std::to_string(i);
    shard.Script(Tcp(address.c_str()), {.kind = TargetScript::Kind::kSilent});
    shard.Acquire("sip:" + address + ";transport=tcp", milliseconds(100));
  }
  shard.RunFor(seconds(1));
  shard.Script(Tcp("192.0.2.99"), {});
  const auto [result, took] = shard.AcquireNow("sip:192.0.2.99;transport=tcp");
  ASSERT_TRUE(result.flow) << result.flow.error().ToString();
  EXPECT_LT(took, seconds(11)) << "behind the one attempt in flight, not behind fifty";
}

TEST(RequestIdTest, IsRefusedForAnotherDestination) {
  ScriptedShard shard;
  shard.Script(Tcp("192.0.2.1"), {});
  shard.Script(Tcp("192.0.2.2"), {});
  auto request = ScriptedShard::RequestFor("sip:192.0.2.1;transport=tcp");
  request.request_id = "1";
  shard.Acquire(request);
  shard.RunFor(seconds(1));
  request.destination = ScriptedShard::RequestFor("sip:192.0.2.2;transport=tcp").destination;
  const auto result = shard.Acquire(request);
  ASSERT_TRUE(*result);
  ASSERT_FALSE((*result)->flow);
  EXPECT_EQ((*result)->flow.error().reason, FailureReason::kAlreadyInUse);
}

}  // namespace
}  // namespace flowbroker::simulation
