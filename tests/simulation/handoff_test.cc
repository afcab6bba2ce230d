// Flows that are handed off: their ticket is good once and for a while, and meanwhile nobody else can touch them.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "broker/engine/broker_observer.h"
#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using engine::FlowEventKind;
using net::HandoffOutcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kUri = "sip:192.0.2.10;transport=tcp";
const Target kTarget{{*IpAddress::Parse("192.0.2.10"), 5060}, Transport::kTcp};

class Onlooker final : public engine::BrokerObserver {
 public:
  void OnFlowEvent(const engine::FlowEvent& event) override { events.push_back(event); }
  void OnHandoff(HandoffOutcome outcome) override { outcomes.push_back(outcome); }

  std::vector<engine::FlowEvent> events;
  std::vector<HandoffOutcome> outcomes;
};

class HandoffTest : public ::testing::Test {
 protected:
  HandoffTest() { shard_.Script(kTarget, {}); }

  static engine::BrokerOptions Options() {
    engine::BrokerOptions options;
    options.handoff.socket = "/run/flowbroker/handoff.sock";
    options.handoff.ticket_life = seconds(5);
    return options;
  }
  engine::AcquiredFlow AcquireForHandoff(std::string request_id = {}) {
    auto request = ScriptedShard::RequestFor(kUri);
    request.exclusive = request.handoff = true;
    request.request_id = std::move(request_id);
    const auto result = shard_.Acquire(request);
    shard_.RunFor(milliseconds(100));
    return *(*result)->flow;
  }
  FailureReason LastReason() const { return onlooker_.events.back().failure->reason; }

  Onlooker onlooker_;
  ScriptedShard shard_{1, Options(), &onlooker_};
};

TEST_F(HandoffTest, TheTicketIsWorthTheDescriptorOnceAndTheBrokerForgetsTheFlow) {
  const auto flow = AcquireForHandoff();
  ASSERT_TRUE(flow.handoff);
  EXPECT_EQ(flow.handoff->socket, "/run/flowbroker/handoff.sock");
  EXPECT_EQ(flow.handoff->valid_until, onlooker_.events.front().time + seconds(5));
  EXPECT_EQ(shard_.Redeem(flow.handoff->ticket), std::nullopt);
  EXPECT_EQ(LastReason(), FailureReason::kHandedOff);
  EXPECT_EQ(shard_.core().flows().pool().size(), 0U);
  EXPECT_EQ(shard_.Redeem(flow.handoff->ticket), FailureReason::kUnknownFlow);
  shard_.RunFor(seconds(10));
  EXPECT_TRUE(onlooker_.outcomes.empty()) << "a used ticket does not expire";
}

TEST_F(HandoffTest, ALateTicketIsWorthNothingAndItsFlowIsClosed) {
  const auto flow = AcquireForHandoff();
  shard_.RunUntil(flow.handoff->valid_until - milliseconds(1));
  EXPECT_EQ(shard_.sockets_open(), 1U);
  shard_.RunUntil(flow.handoff->valid_until);
  EXPECT_EQ(LastReason(), FailureReason::kIdle);
  EXPECT_EQ(shard_.sockets_open(), 0U);
  EXPECT_EQ(onlooker_.outcomes, std::vector{HandoffOutcome::kUnused});
  EXPECT_EQ(shard_.Redeem(flow.handoff->ticket), FailureReason::kUnknownFlow);
}

TEST_F(HandoffTest, AForgedTicketIsWorthNothingAndDoesNotSpoilTheTrueOne) {
  const auto flow = AcquireForHandoff();
  std::string forged = flow.handoff->ticket;
  forged[30] = forged[30] == 'A' ? 'B' : 'A';  // behind the part that it is looked up by
  EXPECT_EQ(shard_.Redeem(forged), FailureReason::kUnknownFlow);
  EXPECT_EQ(shard_.Redeem(flow.handoff->ticket), std::nullopt);
}

TEST_F(HandoffTest, TheTicketOfAFlowThatWasClosedIsWorthNothing) {
  const auto flow = AcquireForHandoff();
  EXPECT_TRUE(shard_.core().flows().Release(flow.id, {}, shard_.now()));
  EXPECT_EQ(shard_.Redeem(flow.handoff->ticket), FailureReason::kUnknownFlow);
}

TEST_F(HandoffTest, AFlowThatWaitsIsNotSharedSentOnOrProbed) {
  const auto flow = AcquireForHandoff();
  const auto other = shard_.AcquireNow(kUri).first;
  EXPECT_NE(other.flow->id, flow.id);
  EXPECT_FALSE(other.flow->handoff);
  std::optional<FailureReason> probe;
  shard_.core().ProbeFlow(
      flow.id, {}, kNever, [&](const auto& result) { probe = result.error().reason; }, shard_.now());
  shard_.RunFor(milliseconds(1));
  EXPECT_EQ(probe, FailureReason::kAlreadyInUse);
  const auto keep_alive = shard_.core().SetKeepAlive(flow.id, {}, flow::KeepAliveMethod::kCrlf, {}, shard_.now());
  EXPECT_EQ(keep_alive.error().reason, FailureReason::kAlreadyInUse);
  shard_.core().relay().Attach(1, {}, nullptr, shard_.now());
  const auto refused = shard_.core().relay().Send(1, flow.id, "OPTIONS sip:a SIP/2.0\r\n\r\n", shard_.now());
  EXPECT_EQ(refused->reason, FailureReason::kAlreadyInUse);
  EXPECT_EQ(shard_.SentOn(flow.id), "");
}

TEST_F(HandoffTest, ARepeatedRequestGetsTheSameTicket) {
  const auto flow = AcquireForHandoff("once");
  const auto again = AcquireForHandoff("once");
  EXPECT_EQ(again.id, flow.id);
  EXPECT_EQ(again.handoff->ticket, flow.handoff->ticket);
  auto plain = ScriptedShard::RequestFor(kUri);
  plain.exclusive = true;
  plain.request_id = "once";
  const auto other = shard_.Acquire(plain);
  shard_.RunFor(milliseconds(100));
  EXPECT_EQ((*other)->flow.error().reason, FailureReason::kAlreadyInUse) << "another request";
}

TEST_F(HandoffTest, NoTicketIsKeptInTheLogOfRaces) {
  (void)AcquireForHandoff();
  const auto races = shard_.state().races.Newest();
  ASSERT_EQ(races.size(), 1U);
  EXPECT_FALSE(races.front()->flow->handoff);
}

TEST_F(HandoffTest, NothingIsHandedOffWithoutASocketForIt) {
  ScriptedShard shard;
  shard.Script(kTarget, {});
  auto request = ScriptedShard::RequestFor(kUri);
  request.exclusive = request.handoff = true;
  const auto result = shard.Acquire(request);
  ASSERT_TRUE(*result);
  EXPECT_EQ((*result)->flow.error().field, "handoff");
  EXPECT_EQ(shard.connections_opened(), 0);
}

TEST_F(HandoffTest, NoTicketIsWorthAnythingOnceTheBrokerStops) {
  const auto flow = AcquireForHandoff();
  shard_.core().Stop(shard_.now());
  EXPECT_EQ(shard_.Redeem(flow.handoff->ticket), FailureReason::kUnknownFlow);
  EXPECT_EQ(LastReason(), FailureReason::kShuttingDown);
}

}  // namespace
}  // namespace flowbroker::simulation
