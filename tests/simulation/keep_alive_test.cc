#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using engine::FlowEventKind;
using flow::KeepAliveMethod;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kTcpUri = "sip:192.0.2.10:5060;transport=tcp";
constexpr const char* kTlsUri = "sip:192.0.2.10:5060;transport=tls";
constexpr const char* kUdpUri = "sip:192.0.2.10:5060;transport=udp";
constexpr TargetScript kSilent{.kind = TargetScript::Kind::kSilent};

Target Peer(Transport transport) {
  return {{*IpAddress::Parse("192.0.2.10"), 5060}, transport};
}

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

engine::BrokerOptions Options() {
  engine::BrokerOptions options;
  options.flows.idle_timeout = hours(24);
  return options;
}

/// Flows that live long (O4-O6, S9): who is asked when, and what ends them.
class KeepAliveSimulation : public ::testing::Test {
 protected:
  KeepAliveSimulation() { shard_.MoveTo(1); }

  flow::FlowId Open(const char* uri, const TargetScript& script = {}) {
    for (const Transport transport : {Transport::kTcp, Transport::kTls, Transport::kUdp})
      shard_.Script(Peer(transport), script);
    return shard_.AcquireNow(uri).first.flow->id;
  }
  bool IsOpen(const flow::FlowId& id) { return shard_.core().flows().View(id, {}, shard_.now()).has_value(); }
  std::size_t PingsOn(const flow::FlowId& id) { return CountOf(shard_.SentOn(id), "\r\n\r\n"); }
  Expected<void> SetKeepAlive(const flow::FlowId& id, KeepAliveMethod method,
                              std::optional<Duration> flow_timer = std::nullopt) {
    return shard_.core().SetKeepAlive(id, {}, method, flow_timer, shard_.now());
  }
  history::Reachability Memory(Transport transport = Transport::kTcp) {
    return shard_.state().history.Judge(shard_.PathTo(Peer(transport)), shard_.now()).reachability;
  }
  /// Why the flow ended, as WatchFlows tells it.
  std::optional<Failure> EndOf(const flow::FlowId& id) {
    std::optional<Failure> end;
    const auto subscription = shard_.state().events.Subscribe(0, std::nullopt, [&](const engine::FlowEvent& event) {
      if (event.flow.id == id && event.kind == FlowEventKind::kClosed) end = event.failure;
    });
    shard_.state().events.Unsubscribe(subscription.value());
    return end;
  }

  ScriptedShard shard_{1, Options()};
};

TEST_F(KeepAliveSimulation, AStreamIsPingedEvery95To120SecondsAndStaysOpen_O4) {
  const auto id = Open(kTcpUri);
  shard_.RunFor(seconds(94));
  EXPECT_EQ(PingsOn(id), 0U);
  shard_.RunFor(seconds(27));
  EXPECT_EQ(PingsOn(id), 1U);
  shard_.RunFor(hours(1));
  EXPECT_GE(PingsOn(id), 30U);
  EXPECT_LE(PingsOn(id), 38U);
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(KeepAliveSimulation, APeerThatNeverAnswersPingsKeepsItsFlow) {
  const auto id = Open(kTcpUri, {.answers_pings = false});
  shard_.RunFor(hours(1));
  EXPECT_GE(PingsOn(id), 25U);
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(KeepAliveSimulation, AnAnsweredProbeIsNoPromiseToAnswerPings) {
  const auto id = Open(kTcpUri, {.answers_pings = false});
  std::string answer;
  shard_.core().ProbeFlow(
      id, {}, kNever, [&](const Expected<engine::ProbeResult>& result) { answer = result->answer; }, shard_.now());
  shard_.RunFor(hours(1));
  EXPECT_EQ(answer, "OPTIONS 483") << "its ping stayed unanswered";
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(KeepAliveSimulation, TrafficIsLifeAndSparesThePing) {
  const auto id = Open(kTcpUri);
  for (int i = 0; i < 60; ++i) {
    shard_.RunFor(seconds(60));
    shard_.PeerSends(id,
                     "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
                     "From: <sip:a>;tag=1\r\nTo: <sip:a>\r\nContent-Length: 0\r\n\r\n");
  }
  EXPECT_EQ(PingsOn(id), 0U);
}

TEST_F(KeepAliveSimulation, AFlowTimerOfTheServerShortensTheInterval_O4) {
  const auto id = Open(kTcpUri);
  ASSERT_TRUE(SetKeepAlive(id, KeepAliveMethod::kCrlf, seconds(20)));
  shard_.RunFor(minutes(10));
  EXPECT_GE(PingsOn(id), 29U);
  EXPECT_LE(PingsOn(id), 38U);
}

TEST_F(KeepAliveSimulation, AMethodThatTheTransportDoesNotHaveIsRefused) {
  const auto refused = SetKeepAlive(Open(kTcpUri), KeepAliveMethod::kStun);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, FailureReason::kInvalidArgument);
  EXPECT_EQ(SetKeepAlive(Open(kUdpUri), KeepAliveMethod::kCrlf).error().field, "method");
}

TEST_F(KeepAliveSimulation, UdpIsAskedByOptionsEvery24To29SecondsAndIsAlwaysFresh_O4) {
  const auto id = Open(kUdpUri);
  shard_.RunFor(minutes(30));
  const auto asked = CountOf(shard_.SentOn(id), "OPTIONS sip:");
  EXPECT_GE(asked, 62U);
  EXPECT_LE(asked, 76U);
  EXPECT_TRUE(IsOpen(id));
  const auto [again, took] = shard_.AcquireNow(kUdpUri);
  EXPECT_EQ(again.flow->id, id);
  EXPECT_EQ(took, Duration::zero()) << "no probe before the call";
}

TEST_F(KeepAliveSimulation, SilenceOnUdpEndsTheFlow_S9) {
  const auto id = Open(kUdpUri);
  shard_.RunFor(minutes(1));
  shard_.Script(Peer(Transport::kUdp), kSilent);
  shard_.RunFor(seconds(29 + 11));
  ASSERT_FALSE(IsOpen(id));
  EXPECT_EQ(EndOf(id)->reason, FailureReason::kProbeTimedOut);
}

TEST_F(KeepAliveSimulation, AChangedMappedAddressEndsTheFlow_O5) {
  const auto id = Open(kUdpUri);
  ASSERT_TRUE(SetKeepAlive(id, KeepAliveMethod::kStun));
  shard_.RunFor(minutes(10));
  ASSERT_TRUE(IsOpen(id));
  shard_.Script(Peer(Transport::kUdp), {.mapped = Endpoint{*IpAddress::Parse("203.0.113.7"), 40000}});
  shard_.RunFor(seconds(30));
  ASSERT_FALSE(IsOpen(id));
  EXPECT_EQ(EndOf(id)->reason, FailureReason::kMappedAddressChanged);
  EXPECT_NE(EndOf(id)->detail.find("203.0.113.7:40000"), std::string::npos) << EndOf(id)->detail;
}

TEST_F(KeepAliveSimulation, StunThatGetsLostIsSentAgainBeforeTheFlowIsGivenUp_O5) {
  const auto id = Open(kUdpUri);
  ASSERT_TRUE(SetKeepAlive(id, KeepAliveMethod::kStun));
  shard_.RunFor(minutes(2));
  shard_.Script(Peer(Transport::kUdp), {.loss = 0.1});
  shard_.RunFor(minutes(3));
  EXPECT_TRUE(IsOpen(id)) << (EndOf(id) ? EndOf(id)->ToString() : "");
  shard_.Script(Peer(Transport::kUdp), kSilent);
  shard_.RunFor(seconds(29 + 11));
  ASSERT_FALSE(IsOpen(id));
  EXPECT_EQ(EndOf(id)->reason, FailureReason::kKeepAliveTimedOut);
}

TEST_F(KeepAliveSimulation, KeepAlivesDoNotKeepAFlowThatNobodyUses) {
  engine::BrokerOptions options;  // closed after 5 minutes without use
  ScriptedShard shard(1, options);
  shard.Script(Peer(Transport::kTcp), {});
  shard.Script(Peer(Transport::kUdp), {});
  const auto tcp = shard.AcquireNow(kTcpUri).first.flow->id;
  const auto udp = shard.AcquireNow(kUdpUri).first.flow->id;
  shard.RunFor(minutes(5) + seconds(1));
  EXPECT_FALSE(shard.core().flows().View(tcp, {}, shard.now()));
  EXPECT_FALSE(shard.core().flows().View(udp, {}, shard.now()));
}

TEST_F(KeepAliveSimulation, ARstOnAFlowIsToldToMemory) {
  const auto id = Open(kTcpUri);
  shard_.PeerCloses(id, FailureReason::kReset);
  EXPECT_EQ(EndOf(id)->reason, FailureReason::kReset);
  EXPECT_EQ(Memory(), history::Reachability::kUnreachable);
}

TEST_F(KeepAliveSimulation, AnIcmpErrorOnAFlowIsToldToMemory) {
  const auto id = Open(kUdpUri);
  ASSERT_EQ(Memory(Transport::kUdp), history::Reachability::kReachable);
  shard_.Script(Peer(Transport::kUdp), {.kind = TargetScript::Kind::kHostUnreachable});
  shard_.RunFor(seconds(30));  // it comes back to a keep-alive
  EXPECT_EQ(EndOf(id)->reason, FailureReason::kHostUnreachable);
  EXPECT_EQ(Memory(Transport::kUdp), history::Reachability::kUnreachable);
}

TEST_F(KeepAliveSimulation, AFinOfAServerThatTidiesUpIsNoNewsOfItsReachability) {
  const auto id = Open(kTcpUri);
  shard_.PeerCloses(id, FailureReason::kClosedByPeer);
  EXPECT_EQ(Memory(), history::Reachability::kReachable);
}

class StreamKeepAliveSimulation : public KeepAliveSimulation, public ::testing::WithParamInterface<Transport> {
 protected:
  flow::FlowId Open(const TargetScript& script = {}) {
    return KeepAliveSimulation::Open(GetParam() == Transport::kTls ? kTlsUri : kTcpUri, script);
  }
  void PeerFallsSilent() { shard_.Script(Peer(GetParam()), kSilent); }
};

TEST_P(StreamKeepAliveSimulation, APeerThatStopsAnsweringLosesItsFlowAfterTheLimitAndMemoryKnows_O6) {
  const auto id = Open();
  shard_.RunFor(minutes(5));  // it has answered some
  ASSERT_EQ(Memory(GetParam()), history::Reachability::kReachable);
  PeerFallsSilent();
  shard_.RunFor(seconds(120 + 11));
  ASSERT_FALSE(IsOpen(id));
  EXPECT_EQ(EndOf(id)->reason, FailureReason::kKeepAliveTimedOut);
  EXPECT_EQ(shard_.sockets_open(), 0U) << "out of the pool, and closed";
  EXPECT_EQ(Memory(GetParam()), history::Reachability::kUnreachable);
}

TEST_P(StreamKeepAliveSimulation, OptionsThatAreAnsweredKeepTheFlow_S9) {
  const auto id = Open({.answers_pings = false});
  ASSERT_TRUE(SetKeepAlive(id, KeepAliveMethod::kOptions));
  shard_.RunFor(hours(1));
  const auto asked = CountOf(shard_.SentOn(id), "OPTIONS sip:");
  EXPECT_GE(asked, 29U);
  EXPECT_LE(asked, 38U);
  EXPECT_TRUE(IsOpen(id));
}

TEST_P(StreamKeepAliveSimulation, OptionsThatAreAnsweredNoMoreEndTheFlow_S9) {
  for (const bool answers_pings : {false, true}) {
    const auto id = Open({.answers_pings = answers_pings});
    ASSERT_TRUE(SetKeepAlive(id, KeepAliveMethod::kOptions));
    shard_.RunFor(minutes(5));
    ASSERT_TRUE(IsOpen(id));
    PeerFallsSilent();
    shard_.RunFor(seconds(120 + 11));
    ASSERT_FALSE(IsOpen(id)) << "answers_pings: " << answers_pings;
    EXPECT_EQ(EndOf(id)->reason, FailureReason::kProbeTimedOut);
  }
}

INSTANTIATE_TEST_SUITE_P(Over, StreamKeepAliveSimulation, ::testing::Values(Transport::kTcp, Transport::kTls),
                         [](const auto& over) { return over.param == Transport::kTls ? "Tls" : "Tcp"; });

}  // namespace
}  // namespace flowbroker::simulation
