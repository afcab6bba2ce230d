#include "broker/engine/flow_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::engine {
namespace {

using outbound::CloseFlow;
using outbound::MemberState;
using outbound::OpenFlow;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = FlowSetEventKind;

constexpr const char* kUuid = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

class CountingObserver final : public BrokerObserver {
 public:
  void OnLimit(Limit limit) override { limits.push_back(limit); }
  void OnFlowSets(int change) override { sets += change; }
  std::vector<Limit> limits;
  int sets = 0;
};

class FlowSetsTest : public ::testing::Test {
 protected:
  FlowSetRequest Request(const std::string& name = "trunk", const std::string& tenant = "") {
    return {.owner = {.tenant = tenant}, .name = name, .uris = {"sip:p1.example.com", "sip:p2.example.com"}};
  }
  FlowSetView Ensure(const FlowSetRequest& request) { return sets_.Ensure(request, now_).value(); }
  FlowSetView Ensure() { return Ensure(Request()); }

  /// Answers every order: flows come up, one host each; returns those that were closed.
  std::vector<flow::FlowId> CarryOut() {
    std::vector<flow::FlowId> closed;
    for (auto orders = sets_.TakeOrders(); !orders.empty(); orders = sets_.TakeOrders()) {
      for (const FlowSetOrder& order : orders) {
        if (const auto* close = std::get_if<CloseFlow>(&order.action)) {
          closed.push_back(close->flow);
        } else {
          sets_.OnAcquired(order, NewFlow(), now_);
        }
      }
    }
    return closed;
  }
  AcquiredFlow NewFlow() {
    const auto host = IpAddress::FromIpv4({192, 0, 2, ++last_host_});
    return {.id = flow::FlowId::Make(0, random_),
            .remote = {{host, 5060}, Transport::kTcp},
            .local = {host, 40000},
            .source = FlowSource::kRaced,
            .timers = {}};
  }
  const outbound::FlowSetMember Member(std::size_t reg_id) { return sets_.Get("", "trunk")->members.at(reg_id - 1); }

  std::vector<FlowSetEvent> Events() {
    std::vector<FlowSetEvent> events;
    const auto id = sets_.events().Subscribe(0, std::nullopt, [&](const FlowSetEvent& one) { events.push_back(one); });
    sets_.events().Unsubscribe(id.value());
    return events;
  }
  std::vector<Kind> Kinds() {
    std::vector<Kind> kinds;
    for (const FlowSetEvent& event : Events()) kinds.push_back(event.kind);
    return kinds;
  }

  CountingObserver observer_;
  testing::SeededRandom random_{7};
  TimePoint now_{std::chrono::hours(1)};
  std::uint8_t last_host_ = 0;
  FlowSets sets_{{.max_sets = 4, .max_sets_per_tenant = 2}, 50, observer_, random_};
};

TEST_F(FlowSetsTest, O1_AFreshInstanceIsMadeOnceAndKept) {
  const auto first = Ensure();
  EXPECT_TRUE(first.spec.instance.text().starts_with("urn:uuid:"));
  EXPECT_EQ(Ensure().spec, first.spec) << "idempotent";
  auto other = Request();
  other.uris[1] = "sip:p3.example.com";
  other.replace = true;
  EXPECT_EQ(Ensure(other).spec.instance, first.spec.instance) << "the set's, whatever its URIs";
  EXPECT_EQ(sets_.size(), 1U);
  EXPECT_EQ(observer_.sets, 1);
}

TEST_F(FlowSetsTest, WhatDiffersIsRefusedUnlessItShallReplace) {
  const auto revision = (Ensure(), sets_.Specs().revision);
  auto other = Request();
  other.uris = {"sip:p2.example.com", "sip:p1.example.com"};
  EXPECT_EQ(sets_.Ensure(other, now_).error().field, "uris") << "the order makes the reg-ids";
  other = Request();
  other.instance = sip::InstanceId::Parse(kUuid).value();
  EXPECT_EQ(sets_.Ensure(other, now_).error().field, "instance_id");
  other = Request();
  other.owner.client_group = "west";
  EXPECT_EQ(sets_.Ensure(other, now_).error().field, "client_group");
  other = Request();
  other.uris[0] = "sip:P1.EXAMPLE.com";
  EXPECT_TRUE(sets_.Ensure(other, now_)) << "the same URI";
  EXPECT_EQ(sets_.Specs().revision, revision);
}

TEST_F(FlowSetsTest, WhatCannotBeASetIsNoSet) {
  auto request = Request();
  request.uris.pop_back();
  EXPECT_EQ(sets_.Ensure(request, now_).error().field, "uris");
  request.replace = true;
  Ensure();
  CarryOut();
  EXPECT_EQ(sets_.Ensure(request, now_).error().field, "uris");
  EXPECT_EQ(Member(1).state, MemberState::kUp) << "nor does it harm the one that is there";
}

TEST_F(FlowSetsTest, O2_EachUriGetsAFlowOfItsOwnAndARegisterIsDue) {
  Ensure();
  auto orders = sets_.TakeOrders();
  ASSERT_EQ(orders.size(), 1U);
  const auto request = RequestFor(orders[0], std::get<OpenFlow>(orders[0].action), now_ + seconds(32));
  EXPECT_TRUE(request.held);
  EXPECT_TRUE(request.exclusive);
  const auto flow = NewFlow();
  sets_.OnAcquired(orders[0], flow, now_);
  orders = sets_.TakeOrders();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(std::get<OpenFlow>(orders[0].action).avoid, std::vector{flow.remote.endpoint.address});
  EXPECT_EQ(Kinds(), (std::vector{Kind::kEnsured, Kind::kFlowUp, Kind::kNeedsRegister}));
  EXPECT_EQ(Events().back().flow, flow.id);
  EXPECT_EQ(Events().back().due, now_);
  EXPECT_EQ(Events().back().name, "trunk");
}

TEST_F(FlowSetsTest, AcceptedRegistrationsAreToldOnce) {
  Ensure();
  CarryOut();
  const RegistrationReport report{.reg_id = {2}, .flow = *Member(2).flow, .accepted = true};
  EXPECT_TRUE(sets_.Report("", "trunk", report, now_));
  EXPECT_TRUE(sets_.Report("", "trunk", report, now_)) << "every refresh is accepted too";
  EXPECT_EQ(Member(2).state, MemberState::kRegistered);
  EXPECT_EQ(std::ranges::count(Kinds(), Kind::kRegistered), 1);
}

TEST_F(FlowSetsTest, ARefusedRegistrationClosesTheFlowAndWaitsForRetryAfter) {
  Ensure();
  CarryOut();
  const flow::FlowId flow = *Member(1).flow;
  EXPECT_TRUE(sets_.Report("", "trunk", {.reg_id = {1}, .flow = flow, .retry_after = seconds(7)}, now_));
  EXPECT_EQ(CarryOut(), std::vector{flow});
  EXPECT_EQ(Events().back().kind, Kind::kFlowDown);
  EXPECT_EQ(Events().back().due, now_ + seconds(7));
  EXPECT_FALSE(Events().back().failure);
  sets_.OnFlowClosed(flow, {FailureReason::kClosedByOwner, ""}, now_);  // as it was told to
  EXPECT_EQ(Kinds().back(), Kind::kFlowDown);
  EXPECT_EQ(sets_.NextDeadline(), now_ + seconds(7));
  now_ += seconds(7);
  sets_.OnTimer(now_);
  CarryOut();
  EXPECT_EQ(Member(1).state, MemberState::kUp);
}

TEST_F(FlowSetsTest, ReportsOfAnotherFlowRegIdOrSetChangeNothing) {
  Ensure();
  CarryOut();
  const auto report = [&](std::uint32_t reg_id, const flow::FlowId& flow) {
    return sets_.Report("", "trunk", {.reg_id = {reg_id}, .flow = flow}, now_).error();
  };
  EXPECT_EQ(report(1, *Member(2).flow).reason, FailureReason::kUnknownFlow);
  EXPECT_EQ(report(0, *Member(1).flow).field, "reg_id");
  EXPECT_EQ(report(3, *Member(1).flow).field, "reg_id");
  EXPECT_EQ(report(0x8000'0000U, *Member(1).flow).field, "reg_id");
  EXPECT_FALSE(sets_.Report("t", "trunk", {.reg_id = {1}, .flow = *Member(1).flow}, now_)) << "another tenant's";
  EXPECT_EQ(Member(1).state, MemberState::kUp);
}

TEST_F(FlowSetsTest, O7_AFlowThatEndsIsReplacedAndTheNextTryIsTold) {
  Ensure();
  CarryOut();
  const flow::FlowId flow = *Member(1).flow;
  now_ += minutes(5);
  sets_.OnFlowClosed(flow, {FailureReason::kReset, "RST"}, now_);
  EXPECT_EQ(Events().back().failure->detail, "RST");
  EXPECT_EQ(Events().back().due, now_) << "at once, as it had lasted";
  CarryOut();
  EXPECT_NE(Member(1).flow, flow);
  EXPECT_EQ(Events().back().why, outbound::RegisterReason::kNewFlow);
  now_ += seconds(1);
  sets_.OnFlowClosed(*Member(1).flow, {FailureReason::kReset, ""}, now_);
  EXPECT_GE(*Events().back().due, now_ + seconds(90));
  EXPECT_EQ(sets_.NextDeadline(), *Events().back().due);
}

TEST_F(FlowSetsTest, AFailedTryIsToldWithoutAFlow) {
  Ensure();
  const auto orders = sets_.TakeOrders();
  sets_.OnAcquired(orders.at(0), Unexpected({FailureReason::kRefused, "all targets"}), now_);
  const auto event = Events().back();
  EXPECT_EQ(event.kind, Kind::kFlowDown);
  EXPECT_EQ(event.reg_id, outbound::RegId{1});
  EXPECT_FALSE(event.flow);
  EXPECT_EQ(event.failure->reason, FailureReason::kRefused);
  EXPECT_GE(*event.due, now_ + seconds(30));
}

TEST_F(FlowSetsTest, AFlowForASetThatIsGoneIsClosed) {
  Ensure();
  const auto orders = sets_.TakeOrders();
  EXPECT_TRUE(sets_.Delete("", "trunk", now_));
  Ensure();  // one of the same name is another one
  sets_.TakeOrders();
  const auto flow = NewFlow();
  sets_.OnAcquired(orders.at(0), flow, now_);
  EXPECT_EQ(CarryOut(), std::vector{flow.id});
  EXPECT_EQ(Member(1).state, MemberState::kOpening);
}

TEST_F(FlowSetsTest, ADeletedSetClosesItsFlowsAndIsForgotten) {
  Ensure();
  CarryOut();
  const std::vector flows{*Member(1).flow, *Member(2).flow};
  EXPECT_TRUE(sets_.Delete("", "trunk", now_));
  EXPECT_EQ(CarryOut(), flows);
  sets_.OnFlowClosed(flows[0], {FailureReason::kClosedByOwner, ""}, now_);
  EXPECT_EQ(Kinds().back(), Kind::kDeleted);
  EXPECT_FALSE(sets_.Get("", "trunk"));
  EXPECT_EQ(sets_.Delete("", "trunk", now_).error().reason, FailureReason::kUnknownFlow);
  EXPECT_EQ(sets_.NextDeadline(), kNever);
  EXPECT_TRUE(sets_.Specs().specs.empty());
  EXPECT_EQ(observer_.sets, 0);
}

TEST_F(FlowSetsTest, O1_O2_RestoredSetsAreTheSameAndOpenTheirFlows) {
  Ensure(Request("trunk", ""));
  Ensure(Request("trunk", "a"));
  FlowSets next({.max_sets = 1}, 50, observer_, random_);
  ASSERT_TRUE(next.Restore(sets_.Specs().specs, now_)) << "whatever the limit says now";
  EXPECT_EQ(next.Specs().specs, sets_.Specs().specs);
  EXPECT_EQ(next.TakeOrders().size(), 2U);
}

TEST_F(FlowSetsTest, OfTwoSetsWithOneNameNoneIsRestored) {
  const auto spec = Ensure().spec;
  FlowSets next({}, 50, observer_, random_);
  EXPECT_EQ(next.Restore({spec, spec}, now_).error().field, "name");
  EXPECT_EQ(next.size(), 0U);
}

TEST_F(FlowSetsTest, TenantsHaveNamesAndLimitsOfTheirOwn) {
  Ensure(Request("trunk", "a"));
  Ensure(Request("other", "a"));
  EXPECT_EQ(sets_.Ensure(Request("third", "a"), now_).error().reason, FailureReason::kLimitReached);
  EXPECT_EQ(observer_.limits, std::vector{Limit::kFlowSetsPerTenant});
  EXPECT_NE(Ensure(Request("trunk", "b")).spec.instance, sets_.Get("a", "trunk")->spec.instance);
  Ensure(Request("trunk", ""));
  EXPECT_EQ(sets_.Ensure(Request("more", ""), now_).error().detail, "max_flow_sets");
  EXPECT_EQ(observer_.limits.back(), Limit::kFlowSets);
  EXPECT_TRUE(sets_.Ensure(Request("trunk", "a"), now_)) << "it is there";
  EXPECT_EQ(sets_.List(std::nullopt, 10, {.tenant = "a"}).size(), 2U);
  EXPECT_EQ(sets_.List(std::nullopt, 10, {}).size(), 4U);
  const auto first = sets_.List(std::nullopt, 1, {}).at(0);
  EXPECT_EQ(sets_.List(first.number, 10, {}).size(), 3U);
}

}  // namespace
}  // namespace flowbroker::engine
