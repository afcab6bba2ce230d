// Flow sets of a whole broker, on real sockets of the loopback interface and with all its threads.

#include "broker/engine/broker_outbound.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "broker/engine/connection_broker.h"
#include "tests/unit/engine/loopback_peer.h"

namespace flowbroker::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = FlowSetEventKind;

class BrokerOutboundTest : public testing::Test {
 protected:
  BrokerOutboundTest() {
    BrokerOptions options;
    options.shards = 2;
    options.live.egress.allow = {*location::EgressRule::Parse("127.0.0.0/8")};
    options.outbound.set.recovery = {
        .longest_wait = seconds(1), .base_all_failed = milliseconds(10), .base_not_failed = milliseconds(10)};
    broker_ = ConnectionBroker::Create(options, nullptr).value();
  }

  Expected<FlowSetView> Ensure(const std::string& name = "trunk") {
    std::promise<Expected<FlowSetView>> done;
    outbound().Ensure({.owner = {}, .name = name, .uris = {first_.TcpUri(), second_.TcpUri()}},
                      [&](const Expected<FlowSetView>& set) { done.set_value(set); });
    return done.get_future().get();
  }
  OutboundAccess& outbound() { return broker_->outbound(); }

  /// Absent: from now on.
  void Watch(std::optional<std::uint64_t> after = std::nullopt) {
    subscription_ = outbound()
                        .Watch(after, "", "trunk",
                               [this](const FlowSetEvent& event) {
                                 const std::lock_guard lock(mutex_);
                                 events_.push_back(event);
                                 arrived_.notify_all();
                               })
                        .value();
  }
  /// The next event of that kind and reg-id; nothing after ten seconds.
  std::optional<FlowSetEvent> Await(Kind kind, std::uint32_t reg_id) {
    std::unique_lock lock(mutex_);
    std::optional<FlowSetEvent> found;
    arrived_.wait_for(lock, seconds(10), [&] {
      while (seen_ < events_.size() && !found) {
        const FlowSetEvent& event = events_[seen_++];
        if (event.kind == kind && event.reg_id == outbound::RegId{reg_id}) found = event;
      }
      return found.has_value();
    });
    return found;
  }

  LoopbackPeer first_;
  LoopbackPeer second_;
  std::unique_ptr<ConnectionBroker> broker_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<FlowSetEvent> events_;
  std::size_t seen_ = 0;
  std::unique_ptr<EventSubscription> subscription_;  // last: ends before what its sink uses, and before the broker
};

TEST_F(BrokerOutboundTest, FlowsAreOpenedReplacedAndClosedWithTheirSet) {  // O2, O7
  ASSERT_TRUE(Ensure());
  Watch();
  auto connection = first_.Accept();
  const auto other = second_.Accept();
  for (int failure = 0; failure < 3; ++failure) {
    connection.Reset();
    const auto down = Await(Kind::kFlowDown, 1);
    ASSERT_TRUE(down);
    EXPECT_EQ(down->failure->reason, FailureReason::kClosedByPeer);
    connection = first_.Accept();
    const auto due = Await(Kind::kNeedsRegister, 1);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->why, outbound::RegisterReason::kNewFlow);
    EXPECT_NE(due->flow, down->flow);
    EXPECT_TRUE(broker_->flows().Get(*due->flow, {})->exclusive);
  }
  std::promise<bool> deleted;
  outbound().Delete("", "trunk", [&](const Expected<void>& done) { deleted.set_value(done.has_value()); });
  EXPECT_TRUE(deleted.get_future().get());
  LoopbackPeer::ReadUntil(connection, "never comes");  // until it is closed
  LoopbackPeer::ReadUntil(other, "never comes");
}

TEST_F(BrokerOutboundTest, AFlowThatEndsAtOnceIsNotForgotten) {
  ASSERT_TRUE(Ensure());
  Watch(0);
  for (int failure = 0; failure < 5; ++failure) first_.Accept();  // and closes
  auto connection = first_.Accept();
  for (int failure = 0; failure < 5; ++failure) ASSERT_TRUE(Await(Kind::kFlowDown, 1));
  seen_ = 0;  // the other flow is up somewhere between
  ASSERT_TRUE(Await(Kind::kNeedsRegister, 2));
}

TEST_F(BrokerOutboundTest, WhatIsAskedForIsDoneOnceItIsKept) {  // O1
  std::vector<FlowSetsKept> waiting;
  outbound().KeepIn([&](FlowSetsKept done) { waiting.push_back(std::move(done)); });
  std::optional<Expected<FlowSetView>> answer;
  outbound().Ensure({.owner = {}, .name = "trunk", .uris = {first_.TcpUri(), second_.TcpUri()}},
                    [&](const Expected<FlowSetView>& set) { answer = set; });
  EXPECT_FALSE(answer);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(outbound().Specs().specs.size(), 1U) << "it is there for whoever writes";
  waiting[0](Unexpected({FailureReason::kInternal, "disk full"}));
  EXPECT_EQ(answer->error().detail, "disk full");
  outbound().Ensure({.owner = {}, .name = "trunk", .uris = {first_.TcpUri(), second_.TcpUri()}},
                    [&](const Expected<FlowSetView>& set) { answer = set; });
  ASSERT_EQ(waiting.size(), 2U) << "asking again is trying again";
  waiting[1]({});
  EXPECT_TRUE(*answer);
}

TEST_F(BrokerOutboundTest, AStopEndsSetsInWhateverStateTheyAre) {
  std::thread stop([this] { broker_->Stop(); });
  for (int set = 0; set < 50; ++set) Ensure("set " + std::to_string(set));
  stop.join();
  EXPECT_FALSE(outbound().List(std::nullopt, 100, {}).empty());
}

}  // namespace
}  // namespace flowbroker::engine
