#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kIpv6 = "2001:db8::10";
constexpr const char* kIpv4 = "192.0.2.10";
constexpr const char* kTcpUri = "sip:example.org:5060;transport=tcp";
constexpr const char* kUdpUri = "sip:example.org:5060;transport=udp";
constexpr TargetScript kGood{};
constexpr TargetScript kSilent{.kind = TargetScript::Kind::kSilent};

Target To(Transport transport, const char* address) {
  return {{*IpAddress::Parse(address), 5060}, transport};
}

/// What may be connected to, and nothing else ever is.
class EgressTest : public ::testing::Test {
 protected:
  EgressTest() {
    shard_.Host("example.org", {kIpv6, kIpv4});
    for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
      shard_.Script(To(transport, kIpv6), kGood);
      shard_.Script(To(transport, kIpv4), kGood);
    }
  }

  /// As ConnectionBroker::Apply does for each of its shards.
  void Deny(const std::vector<std::string>& rules) {
    engine::LiveOptions options;
    for (const std::string& rule : rules) options.egress.deny.push_back(*location::EgressRule::Parse(rule));
    shard_.state().live.Set(options);
    shard_.core().OnLiveOptionsChanged(shard_.now());
    shard_.RunFor({});
  }
  bool WasTried(const char* address) const {
    return std::ranges::any_of(shard_.starts(), [address](const auto& start) {
      return start.second.endpoint.address == *IpAddress::Parse(address);
    });
  }
  static bool TraceNamesAsForbidden(const Trace& trace, const std::string& address) {
    return std::ranges::any_of(trace.steps, [&](const TraceStep& step) {
      return step.failure == FailureReason::kForbidden &&
             (step.reason + step.subject).find(address) != std::string::npos;
    });
  }

  ScriptedShard shard_;
};

TEST_F(EgressTest, AForbiddenTargetIsNeverTriedAndTheTraceShowsIt) {
  Deny({"2001:db8::/32"});
  for (const char* uri : {kTcpUri, kUdpUri}) {
    const auto [result, took] = shard_.AcquireNow(uri);
    ASSERT_TRUE(result.flow) << result.flow.error().ToString();
    EXPECT_EQ(result.flow->remote.endpoint.address.ToString(), kIpv4);
    EXPECT_LE(took, milliseconds(1 + 20)) << "no time is lost on what is forbidden";
    EXPECT_TRUE(TraceNamesAsForbidden(result.trace, kIpv6));
  }
  EXPECT_FALSE(WasTried(kIpv6));
}

TEST_F(EgressTest, WhereAllIsForbiddenTheRequestFailsAtOnceWithThat) {
  Deny({"2001:db8::/32", "192.0.2.0/24"});
  for (const char* uri : {kTcpUri, kUdpUri, "sip:192.0.2.10;transport=tcp", "sip:127.0.0.1", "sip:localhost"}) {
    const auto [result, took] = shard_.AcquireNow(uri);
    ASSERT_FALSE(result.flow) << uri;
    EXPECT_EQ(result.flow.error().reason, FailureReason::kForbidden) << uri;
    EXPECT_LE(took, milliseconds(1));
  }
  EXPECT_EQ(shard_.connections_opened(), 0);
}

TEST_F(EgressTest, WhatIsForbiddenSaysNothingAboutReachability) {
  Deny({"2001:db8::/32"});
  const auto ipv4 = shard_.AcquireNow(kTcpUri).first.flow->id;
  shard_.core().flows().Close(ipv4, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
  Deny({});
  const auto verdict = shard_.state().history.Judge(shard_.PathTo(To(Transport::kTcp, kIpv6)), shard_.now());
  EXPECT_EQ(verdict.reachability, history::Reachability::kUnknown);
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(result.flow->remote.endpoint.address.ToString(), kIpv6);
}

TEST_F(EgressTest, ResolveShowsUsableTargetsOnly) {
  Deny({"2001:db8::/32"});
  const auto resolve = [this](const char* uri) {
    std::optional<engine::ResolveResult> resolved;
    const auto done = [&resolved](engine::ResolveResult result) { resolved = std::move(result); };
    shard_.core().resolutions().Start("", {.to = *sip::SipUri::Parse(uri)}, shard_.now() + seconds(1), done,
                                      shard_.now());
    shard_.RunFor(milliseconds(10));
    return resolved;
  };
  const auto some = resolve(kTcpUri);
  ASSERT_TRUE(some && some->targets);
  ASSERT_EQ(some->targets->size(), 1U);
  EXPECT_EQ(some->targets->front().located.target, To(Transport::kTcp, kIpv4));
  EXPECT_TRUE(TraceNamesAsForbidden(some->trace, kIpv6));
  const auto none = resolve("sip:127.0.0.1");
  ASSERT_TRUE(none && !none->targets);
  EXPECT_EQ(none->targets.error().reason, FailureReason::kForbidden);
}

TEST_F(EgressTest, AnswersToForbiddenPlacesAreNotSent) {
  engine::AcquireRequest request = ScriptedShard::RequestFor(kTcpUri);
  request.destination.to =
      location::ResponseDestination{Transport::kUdp, "10.0.0.1", 5060, *IpAddress::Parse("127.0.0.1"), 7460};
  Deny({"10.0.0.0/8"});
  const auto result = shard_.Acquire(request);
  shard_.RunFor(milliseconds(1));
  ASSERT_TRUE(*result);
  EXPECT_EQ((*result)->flow.error().reason, FailureReason::kForbidden);
  EXPECT_EQ(shard_.connections_opened(), 0);
}

TEST_F(EgressTest, AChangedPolicyClosesFlowsItForbids) {
  const auto ipv6 = shard_.AcquireNow(kTcpUri).first.flow->id;
  shard_.Host("v4.example.org", {kIpv4});
  const auto ipv4 = shard_.AcquireNow("sip:v4.example.org:5060;transport=tcp").first.flow->id;
  Deny({"2001:db8::/32"});
  EXPECT_EQ(shard_.core().flows().Find(ipv6, {}), nullptr);
  EXPECT_NE(shard_.core().flows().Find(ipv4, {}), nullptr);
  const auto [result, took] = shard_.AcquireNow(kTcpUri);
  EXPECT_EQ(result.flow->remote.endpoint.address.ToString(), kIpv4) << "the shortcut to the closed flow is forgotten";
}

TEST_F(EgressTest, AFlowClosedByAPolicyTellsTheReason) {
  std::optional<engine::FlowEvent> last;
  const auto id = shard_.AcquireNow(kTcpUri).first.flow->id;
  ASSERT_TRUE(shard_.state().events.Subscribe(std::nullopt, std::nullopt,
                                              [&](const engine::FlowEvent& event) { last = event; }));
  Deny({"2001:db8::/32"});
  ASSERT_TRUE(last);
  EXPECT_EQ(last->flow.id, id);
  EXPECT_EQ(last->failure->reason, FailureReason::kForbidden);
}

TEST_F(EgressTest, AChangedPolicyEndsAttemptsUnderWayAndTheRaceGoesOn) {
  shard_.Script(To(Transport::kTcp, kIpv6), kSilent);
  const auto result = shard_.Acquire(kTcpUri);
  shard_.RunFor(milliseconds(5));
  ASSERT_EQ(shard_.sockets_open(), 1U) << "the attempt on IPv6";
  Deny({"2001:db8::/32"});
  shard_.RunFor(milliseconds(50));
  ASSERT_TRUE(*result) << "the next attempt begins at once";
  ASSERT_TRUE((*result)->flow);
  EXPECT_EQ((*result)->flow->remote.endpoint.address.ToString(), kIpv4);
  EXPECT_TRUE(TraceNamesAsForbidden((*result)->trace, kIpv6));
  EXPECT_EQ(shard_.sockets_open(), 1U);
  EXPECT_EQ(shard_.state().history.Judge(shard_.PathTo(To(Transport::kTcp, kIpv6)), shard_.now()).reachability,
            history::Reachability::kUnknown);
}

TEST_F(EgressTest, AChangedPolicyHoldsForAttemptsOfARaceThatHaveNotBegun) {
  shard_.Script(To(Transport::kTcp, kIpv6), kSilent);
  const auto result = shard_.Acquire(kTcpUri);
  shard_.RunFor(milliseconds(5));
  Deny({"192.0.2.0/24"});
  shard_.RunFor(minutes(1));
  ASSERT_TRUE(*result);
  EXPECT_FALSE((*result)->flow);
  EXPECT_FALSE(WasTried(kIpv4));
  EXPECT_TRUE(TraceNamesAsForbidden((*result)->trace, kIpv4));
}

TEST_F(EgressTest, AChangedPolicyThatForbidsAllEndsTheRequestWithThat) {
  shard_.Script(To(Transport::kTcp, kIpv6), kSilent);
  const auto result = shard_.Acquire(kTcpUri);
  shard_.RunFor(milliseconds(5));
  Deny({"192.0.2.0/24", "2001:db8::/32"});
  shard_.RunFor(milliseconds(20));
  ASSERT_TRUE(*result) << "at once";
  EXPECT_EQ((*result)->flow.error().reason, FailureReason::kForbidden);
  EXPECT_EQ(shard_.sockets_open(), 0U);
}

TEST_F(EgressTest, BackgroundAttemptsObeyAChangedPolicy) {
  shard_.Script(To(Transport::kTcp, kIpv6), kSilent);
  shard_.AcquireNow(kTcpUri);  // IPv6 is held from now on
  const auto starts = shard_.starts().size();
  Deny({"2001:db8::/32"});
  for (int i = 0; i < 100; ++i) {
    shard_.AcquireNow(kTcpUri);
    shard_.RunFor(seconds(3));
  }
  EXPECT_TRUE(std::none_of(shard_.starts().begin() + static_cast<std::ptrdiff_t>(starts), shard_.starts().end(),
                           [](const auto& start) { return start.second.family() == AddressFamily::kIpv6; }));
  Deny({});
  for (int i = 0; i < 100; ++i) {
    shard_.AcquireNow(kTcpUri);
    shard_.RunFor(seconds(3));
  }
  EXPECT_TRUE(std::any_of(shard_.starts().begin() + static_cast<std::ptrdiff_t>(starts), shard_.starts().end(),
                          [](const auto& start) { return start.second.family() == AddressFamily::kIpv6; }))
      << "the test would notice such an attempt";
}

TEST_F(EgressTest, AShareOfAForbiddenRecordGoesToTheOthers) {
  shard_.Host("a.example.org", {"192.0.2.11"});
  shard_.Host("b.example.org", {"192.0.2.12"});
  for (const char* address : {"192.0.2.11", "192.0.2.12"}) shard_.Script(To(Transport::kTcp, address), kGood);
  shard_.Srv("_sip._tcp.shared.example.org", {{1, 1, 5060, *dns::DnsName::Parse("a.example.org")},
                                              {1, 1, 5060, *dns::DnsName::Parse("b.example.org")}});
  Deny({"192.0.2.11"});
  for (int i = 0; i < 10; ++i) {
    const auto [result, took] = shard_.AcquireNow("sip:shared.example.org;transport=tcp");
    ASSERT_TRUE(result.flow) << result.flow.error().ToString();
    EXPECT_EQ(result.flow->remote.endpoint.address.ToString(), "192.0.2.12");
  }
  EXPECT_FALSE(WasTried("192.0.2.11"));
}

}  // namespace
}  // namespace flowbroker::simulation
