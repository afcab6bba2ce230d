#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Target kPeer{{*IpAddress::Parse("192.0.2.10"), 5060}, Transport::kTcp};
const flow::Owner kAlice{.tenant = "spiffe://example.org/alice", .client_group = "proxy"};
const flow::Owner kMallory{.tenant = "spiffe://example.org/mallory", .client_group = "proxy"};
const flow::FlowId kUnknown = *flow::FlowId::Parse(std::string(22, 'A'));

std::string Message(const std::string& first_line, const std::string& branch) {
  return first_line + "\r\nVia: SIP/2.0/TCP 192.0.2.99;branch=" + branch +
         "\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: " + branch +
         "\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
}

class CollectingSink final : public engine::RelaySink {
 public:
  bool Offer(engine::InboundMessage& message) override {
    received.push_back(std::move(message.bytes));
    return true;
  }
  std::vector<std::string> received;
};

/// Two tenants that say the same in everything they may choose.
class TenantTest : public ::testing::Test {
 protected:
  TenantTest() { shard_.Script(kPeer, {}); }

  engine::AcquireRequest RequestOf(const flow::Owner& owner, const std::string& request_id = {}) const {
    auto request = ScriptedShard::RequestFor("sip:192.0.2.10;transport=tcp");
    request.owner = owner;
    request.request_id = request_id;
    request.deadline = shard_.now() + seconds(10);
    return request;
  }
  flow::FlowId Open(const flow::Owner& owner) {
    const auto result = shard_.Acquire(RequestOf(owner));
    shard_.RunFor(seconds(1));
    return (*result)->flow->id;
  }
  std::shared_ptr<CollectingSink> Attach(engine::RelayId relay, const flow::Owner& owner) {
    auto sink = std::make_shared<CollectingSink>();
    shard_.core().relay().Attach(relay, owner, sink, shard_.now());
    return sink;
  }
  std::optional<Failure> Send(engine::RelayId relay, const flow::FlowId& flow, const std::string& branch) {
    auto refused = shard_.core().relay().Send(relay, flow, Message("MESSAGE sip:b@b SIP/2.0", branch), shard_.now());
    shard_.RunFor({});
    return refused;
  }

  ScriptedShard shard_;
};

TEST_F(TenantTest, EqualRequestsInFlightShareNoRace) {
  for (const char* request_id : {"", "same"}) {
    const auto alices = shard_.Acquire(RequestOf(kAlice, request_id));
    const auto mallorys = shard_.Acquire(RequestOf(kMallory, request_id));
    shard_.RunFor(seconds(1));
    ASSERT_TRUE(*alices && (*alices)->flow && *mallorys && (*mallorys)->flow);
    EXPECT_NE((*alices)->flow->id, (*mallorys)->flow->id);
    EXPECT_NE((*mallorys)->flow->source, engine::FlowSource::kShared);
  }
  EXPECT_EQ(shard_.connections_opened(), 2) << "the second time each had its own from the pool";
}

TEST_F(TenantTest, ExclusiveRequestsWithTheSameIdShareNoFlow) {
  std::vector<flow::FlowId> flows;
  for (const flow::Owner& owner : {kAlice, kMallory, kAlice}) {
    auto request = RequestOf(owner, "same");
    request.exclusive = true;
    const auto result = shard_.Acquire(request);
    shard_.RunFor(seconds(1));
    flows.push_back((*result)->flow->id);
  }
  EXPECT_NE(flows[0], flows[1]);
  EXPECT_EQ(flows[0], flows[2]);
}

TEST_F(TenantTest, TheFlowOfAnotherIsLikeNone) {
  const flow::FlowId alices = Open(kAlice);
  const flow::Scope scope{.tenant = kMallory.tenant};
  engine::ShardFlows& flows = shard_.core().flows();
  Attach(1, kMallory);
  std::vector<std::string> answers;
  for (const flow::FlowId& id : {alices, kUnknown}) {
    std::string answer;
    const Failure closed{FailureReason::kClosedByOwner, ""};
    answer += flows.Release(id, scope, shard_.now()) ? "1" : "0";
    answer += flows.Close(id, scope, closed, shard_.now()) ? "1" : "0";
    answer += flows.View(id, scope, shard_.now()) ? "1" : "0";
    const engine::TransactionReport report{id, engine::TransactionReport::Outcome::kTimedOut, std::nullopt,
                                           std::nullopt};
    answer += flows.Report(report, scope, shard_.now()) ? "1" : "0";
    shard_.core().ProbeFlow(
        id, scope, shard_.now() + seconds(1),
        [&](const Expected<engine::ProbeResult>& result) { answer += result ? "1" : result.error().ToString(); },
        shard_.now());
    shard_.RunFor(milliseconds(1));
    answer += Send(1, id, "z9hG4bK1")->ToString();
    answers.push_back(answer);
  }
  EXPECT_EQ(answers[0], answers[1]);
  const auto view = flows.View(alices, {.tenant = kAlice.tenant}, shard_.now());
  ASSERT_TRUE(view) << "it is still open";
  EXPECT_FALSE(view->probing);
  EXPECT_EQ(shard_.SentOn(alices), "");
  EXPECT_FALSE(flows.Find(alices, {})->suspect) << "the report was not believed";
}

TEST_F(TenantTest, AReplyGoesToTheTenantOfItsFlowWhateverTheBranch) {
  const flow::FlowId alices = Open(kAlice);
  const flow::FlowId mallorys = Open(kMallory);
  const auto alice_one = Attach(1, kAlice);
  const auto alice_two = Attach(2, kAlice);
  const auto mallory = Attach(3, kMallory);
  for (int i = 0; i < 20; ++i) {
    const std::string branch = "z9hG4bK" + std::to_string(i);
    EXPECT_FALSE(Send(2, alices, branch));
    EXPECT_FALSE(Send(3, mallorys, branch)) << "guessed, or overheard";
    shard_.PeerSends(alices, Message("SIP/2.0 200 OK", branch));
  }
  EXPECT_EQ(mallory->received.size(), 0U);
  EXPECT_EQ(alice_one->received.size(), 0U) << "nor is it led astray among Alice's streams";
  EXPECT_EQ(alice_two->received.size(), 20U);
}

TEST_F(TenantTest, HeldMessagesWaitForAStreamOfTheirTenant) {
  const flow::FlowId alices = Open(kAlice);
  shard_.PeerSends(alices, Message("MESSAGE sip:a@a SIP/2.0", "z9hG4bK1"));
  EXPECT_EQ(Attach(1, kMallory)->received.size(), 0U);
  EXPECT_EQ(Attach(2, {.client_group = kAlice.client_group})->received.size(), 0U);
  EXPECT_EQ(Attach(3, kAlice)->received.size(), 1U);
}

TEST_F(TenantTest, AtItsLimitATenantIsRefusedBeforeAnythingIsConnected) {
  engine::LiveOptions options;
  options.max_flows_per_tenant = 1;
  shard_.state().live.Set(options);
  shard_.core().OnLiveOptionsChanged(shard_.now());
  Open(kMallory);
  auto request = RequestOf(kMallory);
  request.exclusive = true;
  const auto refused = shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  ASSERT_TRUE(*refused && !(*refused)->flow);
  EXPECT_EQ((*refused)->flow.error().reason, FailureReason::kLimitReached);
  EXPECT_NE((*refused)->flow.error().detail.find("max_flows_per_tenant"), std::string::npos);
  EXPECT_EQ(shard_.connections_opened(), 1);
  const auto pooled = shard_.Acquire(RequestOf(kMallory));
  ASSERT_TRUE(*pooled && (*pooled)->flow) << "what it has it may use";
  Open(kAlice);
  EXPECT_EQ(shard_.connections_opened(), 2);
}

TEST_F(TenantTest, WhatOneTenantReportsOfAPeerMisleadsNoOther) {
  using Outcome = engine::TransactionReport::Outcome;
  const flow::FlowId flow = Open(kMallory);
  auto& flows = shard_.core().flows();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(flows.Report({flow, Outcome::kAnswered, seconds(300), {}}, {}, shard_.now()));
  }
  for (const Outcome outcome : {Outcome::kTimedOut, Outcome::kTransportError}) {
    ASSERT_TRUE(flows.Report({flow, outcome, {}, {}}, {}, shard_.now()));
  }
  EXPECT_EQ(shard_.state().history.Judge(shard_.PathTo(kPeer), shard_.now()).reachability,
            history::Reachability::kReachable);
  const auto result = shard_.Acquire(RequestOf(kAlice));
  shard_.RunFor(seconds(1));
  EXPECT_LE((*result)->flow->timers.t1, milliseconds(500));
}

TEST_F(TenantTest, AllFlowsOfOneTenantToATargetLeaveTheOthersTheirs) {
  for (int i = 0; i < 70; ++i) {
    auto request = RequestOf(kMallory);
    request.exclusive = true;
    shard_.Acquire(request);
    shard_.RunFor(milliseconds(100));
  }
  const auto result = shard_.Acquire(RequestOf(kAlice));
  shard_.RunFor(seconds(1));
  ASSERT_TRUE(*result);
  EXPECT_TRUE((*result)->flow) << (*result)->flow.error().ToString();
}

}  // namespace
}  // namespace flowbroker::simulation
