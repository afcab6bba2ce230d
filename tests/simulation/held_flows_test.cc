// Flows that a flow set wants (O2): whose they are, what ends them, and which hosts they prefer.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr const char* kUri = "sip:192.0.2.10:5060;transport=tcp";

Target Peer(const std::string& address) {
  return {{*IpAddress::Parse(address), 5060}, Transport::kTcp};
}

class DeafSink final : public engine::RelaySink {
 public:
  bool Offer(engine::InboundMessage& /*message*/) override { return true; }
};

class HeldFlowsTest : public ::testing::Test {
 protected:
  explicit HeldFlowsTest(const engine::BrokerOptions& options = {}) : shard_(1, options) {
    shard_.Script(Peer("192.0.2.10"), {});
    shard_.state().on_held_closed = [this](const flow::FlowId& id, const Failure& why) { ends_.emplace_back(id, why); };
  }

  engine::AcquireRequest Request(const std::string& uri = kUri, std::vector<IpAddress> avoid = {}) {
    auto request = ScriptedShard::RequestFor(uri);
    request.exclusive = request.held = true;
    request.avoid = std::move(avoid);
    request.deadline = shard_.now() + seconds(30);
    return request;
  }
  engine::AcquireResult Open(const engine::AcquireRequest& request) {
    const auto result = shard_.Acquire(request);
    shard_.RunFor(seconds(1));
    return result->value();
  }
  flow::FlowId Open() { return Open(Request()).flow->id; }
  std::string HostOf(const engine::AcquireResult& result) { return result.flow->remote.endpoint.address.ToString(); }
  bool IsOpen(const flow::FlowId& id) { return shard_.core().flows().View(id, {}, shard_.now()).has_value(); }

  ScriptedShard shard_;
  std::vector<std::pair<flow::FlowId, Failure>> ends_;
};

TEST_F(HeldFlowsTest, O2_IsAFlowOfItsOwnAndGivenToNobodyElse) {
  const auto first = Open();
  EXPECT_NE(Open(), first);
  EXPECT_NE(shard_.AcquireNow(kUri).first.flow->id, first);
  EXPECT_EQ(shard_.connections_opened(), 3);
}

TEST_F(HeldFlowsTest, StaysOpenWithoutUseAndIsPinged_O4) {
  const auto id = Open();
  shard_.RunFor(hours(2));
  EXPECT_TRUE(IsOpen(id));
  EXPECT_NE(shard_.SentOn(id).find("\r\n\r\n"), std::string::npos);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(HeldFlowsTest, OutlivesReleaseAndTheRelayStreamThatSentOnIt) {
  const auto id = Open();
  shard_.core().relay().Attach(1, {}, std::make_shared<DeafSink>(), shard_.now());
  const std::string message =
      "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
      "From: <sip:a>;tag=1\r\nTo: <sip:a>\r\nContent-Length: 0\r\n\r\n";
  EXPECT_FALSE(shard_.core().relay().Send(1, id, message, shard_.now()));
  shard_.core().relay().Attach(2, {}, std::make_shared<DeafSink>(), shard_.now());
  EXPECT_FALSE(shard_.core().relay().Send(2, id, message, shard_.now())) << "no stream owns it";
  shard_.core().relay().Detach(1, shard_.now());
  EXPECT_TRUE(shard_.core().flows().Release(id, {}, shard_.now()));
  shard_.RunFor(seconds(1));
  EXPECT_TRUE(IsOpen(id));
}

TEST_F(HeldFlowsTest, ItsEndIsToldWithTheReasonAndOthersAreNot) {
  const auto id = Open();
  shard_.PeerCloses(id, FailureReason::kReset);
  ASSERT_EQ(ends_.size(), 1U);
  EXPECT_EQ(ends_[0].first, id);
  EXPECT_EQ(ends_[0].second.reason, FailureReason::kReset);
  shard_.PeerCloses(shard_.AcquireNow(kUri).first.flow->id);
  EXPECT_EQ(ends_.size(), 1U);
}

class FewFlowsPerTargetTest : public HeldFlowsTest {
 protected:
  static engine::BrokerOptions OneFlowPerTarget() {
    engine::BrokerOptions options;
    options.flows.max_flows_per_target = 1;
    return options;
  }
  FewFlowsPerTargetTest() : HeldFlowsTest(OneFlowPerTarget()) {}
};

TEST_F(FewFlowsPerTargetTest, ManySetsMayHaveFlowsToOneProxy) {
  for (int set = 0; set < 10; ++set) EXPECT_TRUE(IsOpen(Open()));
  EXPECT_TRUE(shard_.AcquireNow(kUri).first.flow) << "nor do they take the room of others";
}

class AvoidTest : public HeldFlowsTest {
 protected:
  AvoidTest() {
    shard_.Host("one.example.org", {"192.0.2.10", "2001:db8::10"});
    shard_.Host("two.example.org", {"192.0.2.20", "2001:db8::20"});
    shard_.Srv("_sip._tcp.example.org", {{1, 0, 5060, *dns::DnsName::Parse("one.example.org")},
                                         {2, 0, 5060, *dns::DnsName::Parse("two.example.org")}});
    for (const char* address : {"192.0.2.10", "2001:db8::10", "192.0.2.20", "2001:db8::20"})
      shard_.Script(Peer(address), {});
    shard_.MoveTo(1);
  }
  static constexpr const char* kName = "sip:example.org;transport=tcp";
};

TEST_F(AvoidTest, AnotherHostIsPreferredToTheOneToBeAvoided) {
  const auto first = Open(Request(kName));
  const IpAddress host = first.flow->remote.endpoint.address;
  EXPECT_EQ(HostOf(first), "2001:db8::10");
  const auto second = Open(Request(kName, {host}));
  EXPECT_EQ(HostOf(second), "2001:db8::20") << "not the other address of the same host";
}

TEST_F(AvoidTest, WhereThereIsNoOtherHostTheAvoidedOneIsTaken) {
  shard_.Script(Peer("192.0.2.20"), {.kind = TargetScript::Kind::kRefuses});
  shard_.Script(Peer("2001:db8::20"), {.kind = TargetScript::Kind::kRefuses});
  const auto second = Open(Request(kName, {*IpAddress::Parse("2001:db8::10")}));
  ASSERT_TRUE(second.flow);
  EXPECT_EQ(HostOf(second), "2001:db8::10");
}

}  // namespace
}  // namespace flowbroker::simulation
