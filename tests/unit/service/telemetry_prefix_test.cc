#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "service/telemetry/broker_metrics.h"
#include "tests/support/seeded_random.h"
#include "tests/unit/service/fake_history.h"

namespace flowbroker::telemetry {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

history::Path Tcp(const std::string& address) {
  return {{1}, {{*IpAddress::Parse(address), 5060}, Transport::kTcp}};
}
/// An address in the n-th /24.
history::Path InPrefix(std::size_t n) {
  return Tcp("10." + std::to_string(n / 256) + "." + std::to_string(n % 256) + ".1");
}

class PrefixTrafficTest : public ::testing::Test {
 protected:
  /// The count of a flow that stays open.
  flow::AcquireCount& CountOf(const history::Path& path) {
    open_.push_back(traffic_.CountOf(path));
    return *open_.back();
  }
  PrefixTraffic::Totals Take(Duration later = seconds(15)) { return traffic_.Take(now_ += later); }
  /// Of the prefix of `path`; nothing where it is not shown.
  static std::optional<std::uint64_t> Of(const PrefixTraffic::Totals& totals, const history::PrefixKey& prefix) {
    const auto found = std::ranges::find(totals.shown, prefix, &PrefixTraffic::Series::prefix);
    return found == totals.shown.end() ? std::nullopt : std::optional(found->acquires);
  }
  std::optional<std::uint64_t> Of(const PrefixTraffic::Totals& totals, const history::Path& path) const {
    return Of(totals, traffic_.PrefixOf(path));
  }
  static std::uint64_t RestOf(const PrefixTraffic::Totals& totals) {
    std::uint64_t sum = 0;
    for (const auto& transport : totals.rest) sum += transport[0] + transport[1];
    return sum;
  }
  static std::uint64_t SumOf(const PrefixTraffic::Totals& totals) {
    std::uint64_t sum = RestOf(totals);
    for (const auto& one : totals.shown) sum += one.acquires;
    return sum;
  }

  PrefixTraffic traffic_{{.shown = 2}};
  std::vector<std::shared_ptr<flow::AcquireCount>> open_;
  TimePoint now_{seconds(1000)};
};

TEST_F(PrefixTrafficTest, FlowsOfOnePrefixAndTransportCountTogether) {
  CountOf(Tcp("192.0.2.1")).Add(2);
  CountOf(Tcp("192.0.2.200")).Add(3);
  auto udp = Tcp("192.0.2.1");
  udp.target.transport = Transport::kUdp;
  CountOf(udp).Add(7);
  const auto totals = Take();
  EXPECT_EQ(Of(totals, Tcp("192.0.2.77")), 5U);
  EXPECT_EQ(Of(totals, udp), 7U);
  EXPECT_EQ(RestOf(totals), 0U);
}

TEST_F(PrefixTrafficTest, ShowsTheBusiestAndPutsTheOthersTogether) {
  for (std::size_t i = 0; i < 10; ++i) CountOf(InPrefix(i)).Add(10 * (i + 1));
  const auto totals = Take();
  ASSERT_EQ(totals.shown.size(), 2U);
  EXPECT_EQ(Of(totals, InPrefix(9)), 100U);
  EXPECT_EQ(Of(totals, InPrefix(8)), 90U);
  EXPECT_EQ(RestOf(totals), 360U);
}

TEST_F(PrefixTrafficTest, OneThatLeavesAndComesBackGoesOnWhereItWasAndTheRestTakesNothingOver) {
  CountOf(InPrefix(1)).Add(100);
  CountOf(InPrefix(2)).Add(100);
  EXPECT_EQ(Of(Take(), InPrefix(1)), 100U);
  CountOf(InPrefix(3)).Add(100'000);
  CountOf(InPrefix(4)).Add(100'000);
  auto totals = Take();
  EXPECT_EQ(Of(totals, InPrefix(1)), std::nullopt);
  EXPECT_EQ(RestOf(totals), 0U);
  CountOf(InPrefix(1)).Add(5);  // while it is not shown
  EXPECT_EQ(RestOf(Take()), 5U);
  CountOf(InPrefix(1)).Add(10'000'000);
  totals = Take();
  EXPECT_EQ(Of(totals, InPrefix(1)), 10'000'100U);
  EXPECT_EQ(RestOf(totals), 5U);
}

TEST_F(PrefixTrafficTest, NoSeriesEverFallsAndNothingIsCountedTwiceWhateverComesAndGoes) {
  testing::SeededRandom random(7);
  std::map<history::PrefixKey, std::uint64_t> seen;
  std::uint64_t rest = 0;
  std::uint64_t added = 0;
  for (int round = 0; round < 500; ++round) {
    for (int i = 0; i < 5; ++i) {
      const std::uint64_t acquires = UniformUpTo(random, 1000);
      CountOf(InPrefix(UniformUpTo(random, 19))).Add(acquires);
      added += acquires;
    }
    if (round % 3 == 0) open_.clear();  // all flows close
    const auto totals = Take(seconds(UniformUpTo(random, 600)));
    ASSERT_LE(totals.shown.size(), 2U);
    for (const auto& one : totals.shown) {
      ASSERT_GE(one.acquires, seen[one.prefix]);
      seen[one.prefix] = one.acquires;
    }
    ASSERT_GE(RestOf(totals), rest);
    rest = RestOf(totals);
    std::uint64_t sum = rest;
    for (const auto& [prefix, acquires] : seen) sum += acquires;
    ASSERT_EQ(sum, added);
  }
}

TEST_F(PrefixTrafficTest, EqualTrafficDoesNotTakeTurns) {
  for (std::size_t i = 1; i <= 3; ++i) CountOf(InPrefix(i)).Add(100);
  const auto first = Take();
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < 3; ++i) open_[i]->Add(100 + 5 * i);  // the one not shown has a little more
    const auto again = Take();
    for (const auto& one : first.shown) EXPECT_TRUE(Of(again, one.prefix).has_value());
  }
}

TEST_F(PrefixTrafficTest, OldTrafficGivesWayToNew) {
  CountOf(InPrefix(1)).Add(1000);
  CountOf(InPrefix(2)).Add(1000);
  Take();
  CountOf(InPrefix(3)).Add(400);
  EXPECT_EQ(Of(Take(minutes(1)), InPrefix(3)), std::nullopt);
  open_.back()->Add(400);
  EXPECT_TRUE(Of(Take(minutes(20)), InPrefix(3)).has_value());
}

TEST_F(PrefixTrafficTest, ADeadPrefixIsShownBesideTheOneUsedInItsPlace) {
  const std::vector<history::Path> candidates = {Tcp("2001:db8::1"), Tcp("2001:db8::2"), Tcp("192.0.2.1")};
  CountOf(candidates.back()).Add(10);
  traffic_.NoteRace(candidates.back(), candidates);
  const auto totals = Take();
  EXPECT_EQ(Of(totals, Tcp("192.0.2.1")), 10U);
  EXPECT_EQ(Of(totals, Tcp("2001:db8::1")), 0U);
}

TEST_F(PrefixTrafficTest, IsBoundedAlsoWhereNobodyLooks) {
  for (std::size_t i = 0; i < 60'000; ++i) traffic_.CountOf(InPrefix(i))->Add(1);
  const auto totals = Take();
  EXPECT_EQ(SumOf(totals), 60'000U);
  EXPECT_GT(RestOf(totals), 50'000U);  // most were forgotten, none was lost
}

TEST_F(PrefixTrafficTest, ShowsNoneWhereNoneIsWanted) {
  PrefixTraffic traffic({.shown = 0});
  traffic.CountOf(InPrefix(1))->Add(3);
  const auto totals = traffic.Take(now_);
  EXPECT_TRUE(totals.shown.empty());
  EXPECT_EQ(RestOf(totals), 3U);
}

TEST(PrefixMetricsTest, ShowsPreferenceAndHoldOfWhatHasTrafficAndCountsTheOthers) {
  engine::FakeHistory memory;
  auto dead = engine::FakeHistory::PreferenceOf("2001:db8:1::");
  dead.preferred = AddressFamily::kIpv4;
  dead.reachability = history::Reachability::kUnreachable;
  memory.preferences = {dead};
  memory.counts.preferring[Index(dead.key.transport)][Index(AddressFamily::kIpv4)] = 4;
  memory.counts.held[Index(dead.key.transport)][Index(AddressFamily::kIpv6)] = 3;

  BrokerMetrics metrics;
  const history::Path winner{dead.key.network, {{*IpAddress::Parse("192.0.2.1"), 5060}, dead.key.transport}};
  const history::Path loser{dead.key.network, {{*IpAddress::Parse("2001:db8:1::1"), 5060}, dead.key.transport}};
  const std::vector<history::Path> candidates = {loser, winner};
  const auto flow = metrics.prefixes.traffic().CountOf(winner);
  metrics.prefixes.traffic().NoteRace(winner, candidates);
  flow->Add(1);
  const std::string text = metrics.Text(&memory);
  const std::string transport = R"(transport=")" + LabelOf(dead.key.transport) + '"';
  const std::string of_dead = R"({prefix="2001:db8:1::/48",network="1",)" + transport;
  const std::string of_others = R"({prefix="other",network="",)" + transport;
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_prefix_acquires_total{prefix="192.0.2.0/24",network="1",)" + transport +
                              R"(,family="IPv4"} 1)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_prefix_preferred_family" + of_dead + R"(,family="IPv4"} 1)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_prefix_preferred_family" + of_dead + R"(,family="IPv6"} 0)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_prefix_hold" + of_dead + R"(,family="IPv6"} 1)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_prefix_preferred_family" + of_others + R"(,family="IPv4"} 3)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_prefix_hold" + of_others + R"(,family="IPv6"} 2)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(flowbroker_prefix_preferred_family{prefix="192.0.2.0/24")")));  // not remembered
}

}  // namespace
}  // namespace flowbroker::telemetry
