#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::seconds;

const Target kPeer{{*IpAddress::Parse("192.0.2.10"), 5060}, Transport::kTcp};

std::string Request(const std::string& branch, const std::string& call_id) {
  return "MESSAGE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.99;branch=" + branch +
         "\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: " + call_id +
         "\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
}

std::string Response(const std::string& branch, const std::string& call_id) {
  return "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.99;branch=" + branch +
         "\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: " + call_id +
         "\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";
}

class CollectingSink final : public engine::RelaySink {
 public:
  bool Offer(engine::InboundMessage& message) override {
    if (room == 0) return false;
    --room;
    received.push_back(std::move(message.bytes));
    return true;
  }
  std::size_t room = 1000;
  std::vector<std::string> received;
};

class RelayTest : public ::testing::Test {
 protected:
  explicit RelayTest(const engine::BrokerOptions& options = {}) : shard_(1, options) { shard_.Script(kPeer, {}); }

  flow::FlowId Open(const std::string& group = "", bool exclusive = false) {
    auto request = ScriptedShard::RequestFor("sip:192.0.2.10;transport=tcp");
    request.owner.client_group = group;
    request.exclusive = exclusive;
    const auto result = shard_.Acquire(request);
    shard_.RunFor(seconds(1));
    return (*result)->flow->id;
  }
  std::shared_ptr<CollectingSink> Attach(engine::RelayId relay, const std::string& group = "") {
    auto sink = std::make_shared<CollectingSink>();
    shard_.core().relay().Attach(relay, {.client_group = group}, sink, shard_.now());
    return sink;
  }
  std::optional<Failure> Send(engine::RelayId relay, const flow::FlowId& flow, const std::string& bytes) {
    auto refused = shard_.core().relay().Send(relay, flow, bytes, shard_.now());
    shard_.RunFor(Duration{0});
    return refused;
  }

  ScriptedShard shard_;
};

TEST_F(RelayTest, ReplyGoesToTheStreamThatSentTheRequest) {
  const auto flow = Open();
  const auto first = Attach(1);
  const auto second = Attach(2);
  for (int i = 0; i < 20; ++i) {  // more than luck: any other message would be spread over both by Call-ID
    const std::string id = std::to_string(i);
    EXPECT_FALSE(Send(2, flow, Request("z9hG4bK" + id, "call" + id)));
    shard_.PeerSends(flow, Response("z9hG4bK" + id, "call" + id));
  }
  EXPECT_EQ(first->received.size(), 0U);
  EXPECT_EQ(second->received.size(), 20U);
}

TEST_F(RelayTest, RequestsOfOneCallStayOnOneStreamAndCallsAreSpread) {
  const auto flow = Open();
  const auto first = Attach(1);
  const auto second = Attach(2);
  for (int call = 0; call < 50; ++call) {
    for (int i = 0; i < 2; ++i)
      shard_.PeerSends(flow, Request("z9hG4bK" + std::to_string(call * 2 + i), "c" + std::to_string(call)));
  }
  EXPECT_EQ(first->received.size() + second->received.size(), 100U);
  EXPECT_GT(first->received.size(), 0U);
  EXPECT_GT(second->received.size(), 0U);
  EXPECT_EQ(first->received.size() % 2, 0U);
}

TEST_F(RelayTest, MessageWithoutStreamIsHeldAndDeliveredToTheNextOne) {
  const auto flow = Open();
  shard_.PeerSends(flow, Request("z9hG4bKa", "call"));
  shard_.RunFor(seconds(4));
  EXPECT_EQ(Attach(1)->received.size(), 1U);
}

TEST_F(RelayTest, HeldMessageIsDroppedInTimeAndReported) {
  const auto flow = Open();
  const std::uint64_t before = shard_.state().events.latest();
  shard_.PeerSends(flow, Request("z9hG4bKa", "call"));
  shard_.RunFor(seconds(6));
  EXPECT_EQ(shard_.state().events.latest(), before + 1);
  EXPECT_EQ(Attach(1)->received.size(), 0U);
}

TEST_F(RelayTest, FullStreamStopsTheFlowAndLosesNothing) {
  const auto flow = Open();
  const auto sink = Attach(1);
  sink->room = 1;
  for (int i = 0; i < 3; ++i) shard_.PeerSends(flow, Request("z9hG4bK" + std::to_string(i), "call"));
  EXPECT_EQ(sink->received.size(), 1U);
  sink->room = 10;
  shard_.core().relay().Resume(1, shard_.now());
  ASSERT_EQ(sink->received.size(), 3U);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(sink->received[static_cast<std::size_t>(i)], Request("z9hG4bK" + std::to_string(i), "call"));
}

class SmallRelayTest : public RelayTest {
 protected:
  static constexpr std::size_t kMessages = 10;  // wait for a stream with room

  SmallRelayTest() : RelayTest(Options()) {}
  static engine::BrokerOptions Options() {
    engine::BrokerOptions options;
    options.flows.held_octets_per_group =
        kMessages * (sizeof(engine::InboundMessage) + Request("z9hG4bK0000", "call").size());
    return options;
  }
};

TEST_F(SmallRelayTest, WhatWaitsForAFullStreamHasALimitAndOneEventASecondTellsOfTheRest) {
  const auto flow = Open();
  const auto sink = Attach(1);
  const std::uint64_t before = shard_.state().events.latest();
  for (const std::size_t room : {std::size_t{0}, std::size_t{0}, std::size_t{1'000}}) {
    sink->room = room;
    for (int i = 1000; i < 1050; ++i) shard_.PeerSends(flow, Request("z9hG4bK" + std::to_string(i), "call"));
    shard_.core().relay().Resume(1, shard_.now());
    EXPECT_EQ(shard_.state().events.latest(), before + 1);
  }
  EXPECT_EQ(sink->received.size(), kMessages);
  shard_.PeerSends(flow, Request("z9hG4bK2000", "call"));
  EXPECT_EQ(sink->received.size(), kMessages + 1) << "it is read again";
}

TEST_F(RelayTest, BlockedMessagesOfADetachedStreamGoToAnother) {
  const auto flow = Open();
  const auto full = Attach(1);
  full->room = 0;
  shard_.PeerSends(flow, Request("z9hG4bKa", "call"));
  const auto other = Attach(2);
  shard_.core().relay().Detach(1, shard_.now());
  EXPECT_EQ(other->received.size(), 1U);
}

TEST_F(RelayTest, FlowThatIsNotReadIsNotTakenForDead_S8) {
  const auto flow = Open();
  const auto sink = Attach(1);
  sink->room = 0;
  shard_.PeerSends(flow, Request("z9hG4bKa", "call"));
  shard_.RunFor(seconds(60));  // no evidence can come in
  const auto [result, took] = shard_.AcquireNow("sip:192.0.2.10;transport=tcp");
  EXPECT_EQ(result.flow->id, flow);
  shard_.RunFor(seconds(60));
  EXPECT_TRUE(shard_.core().flows().View(flow, {}, shard_.now()));
}

TEST_F(RelayTest, FloodWithoutAStreamIsReportedOncePerSecond) {
  const auto flow = Open();
  const std::uint64_t before = shard_.state().events.latest();
  for (int i = 0; i < 5000; ++i) shard_.PeerSends(flow, Request("z9hG4bK" + std::to_string(i), "call"));
  EXPECT_EQ(shard_.state().events.latest(), before + 1);
}

TEST_F(RelayTest, ForeignAndUnknownFlowsAreRefused) {
  const auto flow = Open("mine");
  Attach(1, "theirs");
  EXPECT_EQ(Send(1, flow, Request("z9hG4bKa", "c"))->reason, FailureReason::kUnknownFlow);
  shard_.PeerCloses(flow);
  Attach(2, "mine");
  EXPECT_EQ(Send(2, flow, Request("z9hG4bKa", "c"))->reason, FailureReason::kUnknownFlow);
}

TEST_F(RelayTest, ReplyFromThePeerOfAnotherGroupDoesNotCrossOver) {
  const auto mine = Open("mine");
  const auto theirs = Open("theirs");
  const auto my_sink = Attach(1, "mine");
  const auto their_sink = Attach(2, "theirs");
  EXPECT_FALSE(Send(1, mine, Request("z9hG4bKsecret", "c")));
  shard_.PeerSends(theirs, Response("z9hG4bKsecret", "c"));
  // Both flows lead to one peer here, so the script cannot tell their sockets apart; one of the groups gets the message
  // of its own flow and no message is seen by both.
  EXPECT_EQ(my_sink->received.size() + their_sink->received.size(), 1U);
}

TEST_F(RelayTest, MessageThatIsNotSipOrNotFramedIsRefusedForItselfOnly) {
  const auto flow = Open();
  Attach(1);
  EXPECT_EQ(Send(1, flow, "hello")->reason, FailureReason::kInvalidArgument);
  std::string wrong = Request("z9hG4bKa", "c");
  wrong += "body that Content-Length does not count";
  EXPECT_EQ(Send(1, flow, wrong)->reason, FailureReason::kInvalidArgument);
  EXPECT_FALSE(Send(1, flow, Request("z9hG4bKb", "c")));
  EXPECT_EQ(shard_.SentOn(flow), Request("z9hG4bKb", "c"));
}

TEST_F(RelayTest, QueueOfASlowPeerIsBounded) {
  const auto flow = Open();
  Attach(1);
  EXPECT_FALSE(Send(1, flow, Request("z9hG4bKa", "c")));
  // Connections are numbered with everything else; the driver reports by that number.
  for (std::uint64_t id = 0; id < 100; ++id) shard_.core().OnQueued({id}, 1024 * 1024);
  EXPECT_EQ(Send(1, flow, Request("z9hG4bKb", "c"))->reason, FailureReason::kLimitReached);
  for (std::uint64_t id = 0; id < 100; ++id) shard_.core().OnQueued({id}, 0);
  EXPECT_FALSE(Send(1, flow, Request("z9hG4bKc", "c")));
}

TEST_F(RelayTest, ExclusiveFlowBelongsToTheStreamThatUsesItAndEndsWithIt) {
  const auto flow = Open("", /*exclusive=*/true);
  Attach(1);
  Attach(2);
  EXPECT_FALSE(Send(1, flow, Request("z9hG4bKa", "c")));
  EXPECT_EQ(Send(2, flow, Request("z9hG4bKb", "c"))->reason, FailureReason::kUnknownFlow);
  shard_.core().relay().Detach(1, shard_.now());
  EXPECT_FALSE(shard_.core().flows().View(flow, {}, shard_.now()));
}

TEST(DatagramTest, OctetsBeyondContentLengthAreDiscardedAndTruncatedDatagramsAreErrors) {
  ScriptedShard shard;
  shard.Script({kPeer.endpoint, Transport::kUdp}, {});
  const auto flow = shard.AcquireNow("sip:192.0.2.10;transport=udp").first.flow->id;
  const auto sink = std::make_shared<CollectingSink>();
  shard.core().relay().Attach(1, {}, sink, shard.now());
  const std::string message = Request("z9hG4bKa", "call");
  shard.PeerSends(flow, message + "padding");
  std::string truncated = message;
  truncated.replace(truncated.find("Content-Length: 0"), 17, "Content-Length: 9");
  shard.PeerSends(flow, truncated);
  shard.PeerSends(flow, "not SIP at all");
  ASSERT_EQ(sink->received.size(), 1U);
  EXPECT_EQ(sink->received.front(), message);
  EXPECT_TRUE(shard.core().flows().View(flow, {}, shard.now())) << "forged datagrams close nothing";
}

TEST_F(RelayTest, StreamOfBytesThatAreNotSipIsClosed) {
  const auto flow = Open();
  shard_.PeerSends(flow, "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n");  // framed, but no Via, Call-ID or CSeq
  EXPECT_FALSE(shard_.core().flows().View(flow, {}, shard_.now()));
}

}  // namespace
}  // namespace flowbroker::simulation
