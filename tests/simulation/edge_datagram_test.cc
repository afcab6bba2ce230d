// User agents on UDP at the edge, in virtual time: who is asked when, and what becomes of those that do not answer.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "broker/sip/stun_message.h"
#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint16_t kListener = 0;

engine::BrokerOptions WithEdge(std::size_t max_flows = 10'000) {
  engine::BrokerOptions options;
  options.edge.listeners = {*flow::EdgeListener::Parse("udp:192.0.2.1:5060")};
  options.edge.datagrams.max_flows = max_flows;
  return options;
}

/// Takes every message, and binds the sender of each.
class Registrar final : public engine::RelaySink {
 public:
  bool Offer(engine::InboundMessage& message) override {
    received.push_back(std::move(message));
    return true;
  }
  std::vector<engine::InboundMessage> received;
};

class EdgeDatagramTest : public ::testing::Test {
 protected:
  explicit EdgeDatagramTest(const engine::BrokerOptions& options = WithEdge()) : shard_(1, options) {
    shard_.core().datagrams().AddListener(kListener, *Local());
    shard_.core().relay().Attach(1, options.edge.owner, registrar_, shard_.now());
    shard_.OnDatagramSent([this](const engine::SendDatagram& sent) { OnSent(sent); });
  }

  static std::optional<Endpoint> Local() { return Endpoint{*IpAddress::Parse("192.0.2.1"), 5060}; }
  static Endpoint UserAgent(std::size_t number) {
    const auto octet = [number](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
    return {IpAddress::FromIpv4({10, octet(16), octet(8), octet(0)}), 5060};
  }

  void Says(const Endpoint& user_agent, const std::string& octets) {
    shard_.UserAgentSends(kListener, user_agent, octets);
  }
  flow::FlowId Register(const Endpoint& user_agent) {
    Says(user_agent,
         "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.7:5060;branch=z9hG4bK-1;rport\r\nFrom: "
         "<sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: " +
             user_agent.ToString() + "\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n");
    return registrar_->received.back().flow;
  }
  void Bind(const flow::FlowId& id, const std::string& aor, Duration expires = minutes(60)) {
    const bindings::BindRequest request{.key = {.aor = aor, .contact_uri = "sip:a@192.168.1.7"},
                                        .flow = id,
                                        .contact = "<sip:a@192.168.1.7>",
                                        .expires = expires};
    ASSERT_TRUE(shard_.core().Bind({&request, 1}, {}, shard_.now()));
  }
  bool IsBound(const std::string& aor) { return !shard_.state().registrar.Lookup("", aor, shard_.now()).empty(); }

  void OnSent(const engine::SendDatagram& sent) {
    if (!sent.bytes.starts_with("OPTIONS ")) return;
    asked_[sent.remote].push_back(shard_.now());
    if (answers_) Says(sent.remote, AnswerTo(sent.bytes));
  }
  static std::string AnswerTo(const std::string& options) {
    const auto line = [&options](const std::string& name) {
      const std::size_t at = options.find(name);
      return options.substr(at, options.find("\r\n", at) + 2 - at);
    };
    return "SIP/2.0 200 OK\r\n" + line("Via: ") + line("From: ") + line("To: ") + line("Call-ID: ") + line("CSeq: ") +
           "Content-Length: 0\r\n\r\n";
  }

  ScriptedShard shard_;
  std::shared_ptr<Registrar> registrar_ = std::make_shared<Registrar>();
  std::map<Endpoint, std::vector<TimePoint>> asked_;
  bool answers_ = true;
};

TEST_F(EdgeDatagramTest, EveryBoundUserAgentIsAskedEvery24To29SecondsAndItsAnswersReachNobody) {  // N4
  constexpr std::size_t kUserAgents = 1'000;
  const TimePoint start = shard_.now();
  for (std::size_t i = 0; i < kUserAgents; ++i) Bind(Register(UserAgent(i)), "sip:" + std::to_string(i) + "@b");
  shard_.RunFor(minutes(10));
  EXPECT_EQ(asked_.size(), kUserAgents);
  for (const auto& [user_agent, times] : asked_) {
    TimePoint before = start;
    for (const TimePoint when : times) {
      EXPECT_GE(when - before, seconds(24));
      EXPECT_LE(when - before, seconds(29) + milliseconds(20));
      before = when;
    }
    EXPECT_GE(before, start + minutes(10) - seconds(30));
  }
  EXPECT_EQ(registrar_->received.size(), kUserAgents) << "the REGISTERs and nothing else";
}

TEST(EdgeGroupsTest, AListenerWithAClientGroupOfItsOwnIsReadByThatAndNoOther) {
  engine::BrokerOptions options;
  options.edge.listeners = {*flow::EdgeListener::Parse("udp:192.0.2.1:5060"),
                            *flow::EdgeListener::Parse("udp:192.0.2.1:5070=core")};
  ScriptedShard shard(1, options);
  const std::array groups = {std::string("edge"), std::string("core")};
  std::array<std::shared_ptr<Registrar>, 2> streams;
  for (std::uint16_t i = 0; i < 2; ++i) {
    shard.core().datagrams().AddListener(i, options.edge.listeners[i].local);
    streams[i] = std::make_shared<Registrar>();
    shard.core().relay().Attach(i + 1U, {.client_group = groups[i]}, streams[i], shard.now());
  }
  const Endpoint user_agent{*IpAddress::Parse("10.0.0.1"), 5060};
  const std::string message =
      "OPTIONS sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-1\r\nFrom: <sip:a@b>;tag=1\r\n"
      "To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
  for (std::uint16_t i = 0; i < 2; ++i) shard.UserAgentSends(i, user_agent, message);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(streams[i]->received.size(), 1U) << groups[i];
    const flow::Scope own{.tenant = std::nullopt, .client_group = groups[i]};
    const flow::Scope other{.tenant = std::nullopt, .client_group = groups[1 - i]};
    const flow::FlowId flow = streams[i]->received.front().flow;
    EXPECT_EQ(shard.core().IdsAfter(std::nullopt, 10, own), std::vector<flow::FlowId>{flow});
    EXPECT_TRUE(shard.core().AddressesOf(flow, own));
    EXPECT_FALSE(shard.core().AddressesOf(flow, other));
    EXPECT_FALSE(shard.core().relay().Send(i + 1, flow, message, shard.now()));
    EXPECT_TRUE(shard.core().relay().Send(2 - i, flow, message, shard.now())) << "it is the other group's";
  }
}

TEST_F(EdgeDatagramTest, WhoStopsAnsweringLosesItsBindingsWithinTwoMinutesAndTheOthersDoNot) {  // N4, B4
  Bind(Register(UserAgent(1)), "sip:dies@b");
  Bind(Register(UserAgent(2)), "sip:lives@b");
  shard_.RunFor(minutes(1));
  answers_ = false;
  for (int i = 0; i < 24; ++i) {
    shard_.RunFor(seconds(5));
    Says(UserAgent(2), "\r\n\r\n");  // pings by itself
  }
  EXPECT_FALSE(IsBound("sip:dies@b"));
  EXPECT_TRUE(IsBound("sip:lives@b"));
}

TEST_F(EdgeDatagramTest, AnAnswerThatWeDidNotAskForIsNoSignOfALiveFlow) {
  Bind(Register(UserAgent(1)), "sip:a@b");
  shard_.RunFor(minutes(1));
  answers_ = false;
  for (int i = 0; i < 60; ++i) {  // from its address, as a forger would
    Says(UserAgent(1),
         "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-fb-AAAAAAAAAAAAAAAA\r\nFrom: "
         "<sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    shard_.RunFor(seconds(2));
  }
  EXPECT_FALSE(IsBound("sip:a@b"));
}

TEST_F(EdgeDatagramTest, AnswersThatTakeLongButComeAreAnswers) {
  Bind(Register(UserAgent(1)), "sip:a@b");
  answers_ = false;
  std::vector<std::string> late;
  shard_.OnDatagramSent([&](const engine::SendDatagram& sent) { late.push_back(AnswerTo(sent.bytes)); });
  for (int i = 0; i < 60; ++i) {
    shard_.RunFor(seconds(10));
    for (const std::string& answer : std::exchange(late, {})) Says(UserAgent(1), answer);
  }
  EXPECT_TRUE(IsBound("sip:a@b"));
}

TEST_F(EdgeDatagramTest, AUserAgentThatTakesItsLastBindingOutIsNotAskedAnyMore) {
  const flow::FlowId id = Register(UserAgent(1));
  Bind(id, "sip:a@b");
  Bind(id, "sip:b@b");
  shard_.RunFor(minutes(1));
  shard_.state().registrar.UnbindAll("", "sip:a@b", shard_.now());
  shard_.core().OnUnbound(id);
  const std::size_t before = asked_[UserAgent(1)].size();
  shard_.RunFor(seconds(31));
  EXPECT_EQ(asked_[UserAgent(1)].size(), before + 1) << "the other binding is still there";
  shard_.state().registrar.UnbindAll("", "sip:b@b", shard_.now());
  shard_.core().OnUnbound(id);
  shard_.RunFor(minutes(10));
  EXPECT_EQ(asked_[UserAgent(1)].size(), before + 1);
  EXPECT_EQ(shard_.core().View(id, {}, shard_.now()), std::nullopt);
}

TEST_F(EdgeDatagramTest, TenMinutesOfKeepAlivesAreNoUpdateAndARegistrationIsOne) {  // N2
  Bind(Register(UserAgent(1)), "sip:is-asked@b");
  const flow::FlowId second = Register(UserAgent(2));
  Bind(second, "sip:pings@b");
  auto& binding_events = shard_.state().registrar.events();
  ASSERT_EQ(binding_events.latest(), 2U);
  const std::uint64_t flow_events = shard_.state().events.latest();
  std::size_t stun_answers = 0;
  shard_.OnDatagramSent([&](const engine::SendDatagram& sent) {
    if (sip::IsStun(sent.bytes.front())) ++stun_answers;
    OnSent(sent);
  });
  const auto stun = sip::WriteBindingRequest({}, /*with_fingerprint=*/true);
  for (int i = 0; i < 60; ++i) {
    shard_.RunFor(seconds(10));
    Says(UserAgent(2), i % 2 == 0 ? "\r\n\r\n" : std::string(stun.view()));
  }
  EXPECT_GE(asked_[UserAgent(1)].size(), 20U);
  EXPECT_EQ(stun_answers, 30U);
  EXPECT_EQ(binding_events.latest(), 2U);
  EXPECT_EQ(shard_.state().events.latest(), flow_events);
  Bind(second, "sip:pings@b");
  EXPECT_EQ(binding_events.latest(), 3U);
}

class CrowdedEdgeTest : public EdgeDatagramTest {
 protected:
  static engine::BrokerOptions Options() {
    engine::BrokerOptions options = WithEdge(100);
    options.edge.datagrams.max_flows_per_source = 50;
    options.edge.datagram_rate = {.per_second = 400, .per_second_and_source = 200};
    return options;
  }
  CrowdedEdgeTest() : EdgeDatagramTest(Options()) {}
};

TEST_F(CrowdedEdgeTest, OneSourceNeitherTakesAllFlowsNorDrivesOutTheOthers) {  // N3
  std::vector<flow::FlowId> others;
  for (std::size_t i = 0; i < 50; ++i) others.push_back(Register(UserAgent(i)));
  const IpAddress flooder = *IpAddress::Parse("203.0.113.5");
  for (std::uint16_t port = 1; port <= 120; ++port)
    Says({flooder, port},
         "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n");
  EXPECT_EQ(registrar_->received.size(), 100U);
  for (const flow::FlowId& id : others) EXPECT_TRUE(shard_.core().View(id, {}, shard_.now()));
}

TEST_F(CrowdedEdgeTest, WhoSendsTooMuchIsNotReadUntilTheNextSecond) {  // N3
  Register(UserAgent(1));
  for (int i = 0; i < 1'000; ++i)
    Says(UserAgent(1),
         "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n");
  EXPECT_EQ(registrar_->received.size(), 200U);
  Register(UserAgent(2));
  EXPECT_EQ(registrar_->received.size(), 201U);
  shard_.RunFor(seconds(1));
  Register(UserAgent(1));
  EXPECT_EQ(registrar_->received.size(), 202U);
}

}  // namespace
}  // namespace flowbroker::simulation
