// Flow sets on a scripted network in virtual time: the whole way from a set to its sockets and back (O2, O7, O8).

#include "broker/engine/flow_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using engine::FlowSetEvent;
using engine::FlowSetOrder;
using outbound::MemberState;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = engine::FlowSetEventKind;

constexpr std::size_t kSets = 400;
constexpr TargetScript kDead{.kind = TargetScript::Kind::kRefuses};
constexpr Duration kRoundTrip = TargetScript{}.rtt;

const Target kFirst{{*IpAddress::Parse("192.0.2.1"), 5060}, Transport::kTcp};
const Target kSecond{{*IpAddress::Parse("192.0.2.2"), 5060}, Transport::kTcp};

/// FlowSets with a scripted shard for a broker.
class FlowSetsSimulation : public ::testing::Test {
 protected:
  FlowSetsSimulation() {
    shard_.Script(kFirst, {});
    shard_.Script(kSecond, {});
    shard_.state().on_held_closed = [this](const flow::FlowId& id, const Failure& why) {
      sets_.OnFlowClosed(id, why, shard_.now());
      CarryOut();
    };
    watch_ = sets_.events().Subscribe(0, std::nullopt, [this](const FlowSetEvent& event) { events_.push_back(event); });
  }
  ~FlowSetsSimulation() override { sets_.events().Unsubscribe(watch_.value()); }

  void Ensure(const std::string& name) {
    ASSERT_TRUE(sets_.Ensure(
        {.owner = {}, .name = name, .uris = {"sip:192.0.2.1;transport=tcp", "sip:192.0.2.2;transport=tcp"}},
        shard_.now()));
    CarryOut();
  }

  void CarryOut() {
    for (const FlowSetOrder& order : sets_.TakeOrders()) {
      if (const auto* close = std::get_if<outbound::CloseFlow>(&order.action)) {
        shard_.core().flows().Close(close->flow, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
        shard_.RunFor(Duration{0});
        continue;
      }
      const auto request =
          engine::RequestFor(order, std::get<outbound::OpenFlow>(order.action), shard_.now() + seconds(32));
      shard_.Ask(request, [this, order](const engine::AcquireResult& result) {
        sets_.OnAcquired(order, result.flow, shard_.now());
        CarryOut();
      });
    }
  }

  void RunUntil(TimePoint until) {
    while (sets_.NextDeadline() <= until) {
      shard_.RunUntil(sets_.NextDeadline());
      sets_.OnTimer(shard_.now());
      CarryOut();
    }
    shard_.RunUntil(until);
  }
  void RunFor(Duration duration) { RunUntil(shard_.now() + duration); }

  /// Every registration that is due is accepted.
  void Register() {
    for (const FlowSetEvent& event : std::exchange(events_, {})) {
      if (event.kind != Kind::kNeedsRegister) continue;
      sets_.Report("", event.name, {.reg_id = event.reg_id.value(), .flow = event.flow.value(), .accepted = true},
                   shard_.now());
    }
    std::erase_if(events_, [](const FlowSetEvent& event) { return event.kind == Kind::kRegistered; });
  }

  /// The proxy resets its connections and refuses new ones.
  void Die(const Target& proxy) {
    shard_.Script(proxy, kDead);
    for (const engine::FlowSetView& set : sets_.List(std::nullopt, kSets, {})) {
      for (const outbound::FlowSetMember& member : set.members) {
        if (member.flow && member.host == proxy.endpoint.address)
          shard_.PeerCloses(*member.flow, FailureReason::kReset);  // of one of its flows: all have their turn
      }
    }
  }

  std::size_t CountOf(MemberState state, std::size_t reg_id) {
    const auto sets = sets_.List(std::nullopt, kSets, {});
    return static_cast<std::size_t>(std::ranges::count_if(
        sets, [&](const engine::FlowSetView& set) { return set.members.at(reg_id - 1).state == state; }));
  }
  std::size_t CountOf(Kind kind) {
    return static_cast<std::size_t>(std::ranges::count(events_, kind, &FlowSetEvent::kind));
  }
  /// The most connections to the proxy begun in any second since then.
  std::size_t BusiestSecond(const Target& proxy, TimePoint since) {
    std::map<std::chrono::seconds::rep, std::size_t> starts;
    for (const auto& [when, target] : shard_.starts()) {
      if (target == proxy && when >= since) ++starts[(when - since) / seconds(1)];
    }
    std::size_t most = 0;
    for (const auto& [second, count] : starts) most = std::max(most, count);
    return most;
  }

  ScriptedShard shard_{1};
  engine::BrokerObserver silent_;
  testing::SeededRandom random_{5};
  engine::FlowSets sets_{{.kept_events = 100'000}, 100, silent_, random_};
  std::vector<FlowSetEvent> events_;
  std::optional<engine::EventLog<FlowSetEvent>::SubscriptionId> watch_;
};

TEST_F(FlowSetsSimulation, O2_EachUriHasAFlowToItsProxyAndKeepsIt) {
  Ensure("trunk");
  RunFor(seconds(1));
  Register();
  RunFor(std::chrono::hours(2));
  const auto set = sets_.Get("", "trunk").value();
  EXPECT_EQ(set.members[0].host, kFirst.endpoint.address);
  EXPECT_EQ(set.members[1].host, kSecond.endpoint.address);
  EXPECT_EQ(set.members[1].state, MemberState::kRegistered);
  EXPECT_TRUE(events_.empty()) << "no use, and yet it is not closed for idling";
  EXPECT_EQ(shard_.sockets_open(), 2U);
}

TEST_F(FlowSetsSimulation, O2_UrisOfOneNameHaveFlowsToDifferentHostsOfIt) {
  shard_.MoveTo(1);
  shard_.Host("one.example.org", {"192.0.2.10", "2001:db8::10"});
  shard_.Host("two.example.org", {"192.0.2.20", "2001:db8::20"});
  shard_.Srv("_sip._tcp.example.org", {{1, 0, 5060, *dns::DnsName::Parse("one.example.org")},
                                       {2, 0, 5060, *dns::DnsName::Parse("two.example.org")}});
  for (const char* address : {"192.0.2.10", "2001:db8::10", "192.0.2.20", "2001:db8::20"})
    shard_.Script({{*IpAddress::Parse(address), 5060}, Transport::kTcp}, {});
  ASSERT_TRUE(sets_.Ensure(
      {.owner = {}, .name = "trunk", .uris = {"sip:example.org;transport=tcp", "sip:example.org;transport=tcp;lr"}},
      shard_.now()));
  CarryOut();
  RunFor(seconds(1));
  const auto hosts = [this] {
    const auto set = sets_.Get("", "trunk").value();
    return std::vector{set.members[0].host.value().ToString(), set.members[1].host.value().ToString()};
  };
  EXPECT_EQ(hosts(), (std::vector<std::string>{"2001:db8::10", "2001:db8::20"}));
  RunFor(minutes(5));
  shard_.PeerCloses(sets_.Get("", "trunk")->members[1].flow.value(), FailureReason::kReset);
  RunFor(minutes(5));
  EXPECT_EQ(hosts(), (std::vector<std::string>{"2001:db8::10", "192.0.2.20"})) << "a new one does not join the other";
}

TEST_F(FlowSetsSimulation, O8_AProxyThatDiesAndReturnsIsNotOverrunAndNobodyIsForgotten) {
  for (std::size_t n = 0; n < kSets; ++n) {
    Ensure("set " + std::to_string(n));
    RunFor(milliseconds(50));
  }
  RunFor(minutes(5));
  Register();
  ASSERT_EQ(CountOf(MemberState::kRegistered, 1), kSets);

  const TimePoint death = shard_.now();
  Die(kFirst);
  RunFor(seconds(80));
  EXPECT_EQ(CountOf(Kind::kFlowDown), 2 * kSets) << "the flow, and the one try at once";
  EXPECT_EQ(CountOf(MemberState::kWaiting, 1), kSets);
  EXPECT_EQ(CountOf(MemberState::kRegistered, 2), kSets) << "the other flow stays";
  RunFor(minutes(10));
  EXPECT_EQ(CountOf(MemberState::kRegistered, 1), 0U);

  const TimePoint back = shard_.now();
  shard_.Script(kFirst, {});
  events_.clear();
  RunFor(minutes(31));
  EXPECT_EQ(CountOf(MemberState::kUp, 1), kSets) << "each is to register anew";
  EXPECT_EQ(CountOf(Kind::kNeedsRegister), kSets);
  EXPECT_TRUE(std::ranges::all_of(events_, [](const FlowSetEvent& event) {
    return event.kind != Kind::kNeedsRegister || event.why == outbound::RegisterReason::kNewFlow;
  }));
  // By then most wait for 360 to 720 s, uniformly: about one a second. All at once would be 400.
  EXPECT_LE(BusiestSecond(kFirst, back), 12U);
  EXPECT_LE(BusiestSecond(kFirst, death + seconds(1)), 20U) << "nor while it was dead: 400 within 90 s";
}

TEST_F(FlowSetsSimulation, O7_AllFlowsDownIsRetriedSooner) {
  Ensure("trunk");
  RunFor(minutes(5));
  Register();
  Die(kFirst);
  Die(kSecond);
  const TimePoint death = shard_.now();
  RunFor(seconds(1));
  const auto set = sets_.Get("", "trunk").value();
  for (const outbound::FlowSetMember& member : set.members) {  // min(1800, 30 * 2^1) s, of which 50 to 100 %
    EXPECT_EQ(member.state, MemberState::kWaiting);
    EXPECT_GE(member.next_attempt, death + seconds(30));
    EXPECT_LE(member.next_attempt, death + seconds(60) + kRoundTrip);
  }
  shard_.Script(kFirst, {});
  shard_.Script(kSecond, {});
  RunUntil(death + seconds(61));
  EXPECT_EQ(CountOf(MemberState::kUp, 1) + CountOf(MemberState::kUp, 2), 2U);
}

TEST_F(FlowSetsSimulation, ADeletedSetLeavesNothingBehind) {
  Ensure("trunk");
  Ensure("other");
  RunFor(seconds(1));
  ASSERT_TRUE(sets_.Delete("", "other", shard_.now()));
  ASSERT_TRUE(sets_.Delete("", "trunk", shard_.now()));
  CarryOut();
  Ensure("trunk");
  ASSERT_TRUE(sets_.Delete("", "trunk", shard_.now()));  // while it is opening
  CarryOut();
  RunFor(minutes(5));
  EXPECT_EQ(shard_.sockets_open(), 0U);
  EXPECT_EQ(shard_.state().flows, 0U);
}

}  // namespace
}  // namespace flowbroker::simulation
