#include "broker/engine/broker_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace flowbroker::engine {
namespace {

using history::Path;
using history::Reachability;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class StoppedClock final : public Clock {
 public:
  TimePoint Now() const override { return now; }
  TimePoint now{seconds(1000)};
};

class Observer final : public BrokerObserver {
 public:
  void OnPreferenceEvent(const PreferenceEvent& event) override { events.push_back(event); }
  std::vector<PreferenceEvent> events;
};

class BrokerHistoryTest : public ::testing::Test {
 protected:
  BrokerHistoryTest() {
    state_.networks.Update({{"lo", {{*IpAddress::Parse("127.0.0.1"), 8}}}});
    network_ = state_.networks.NetworkOf("lo");
  }

  Path Tcp(const char* address, std::uint16_t port = 5060) const {
    return {network_, {{*IpAddress::Parse(address), port}, Transport::kTcp}};
  }
  void Succeeds(const Path& path) {
    state_.Record({path, AttemptStage::kTcp, std::nullopt, milliseconds(20), milliseconds(20)}, clock_.now);
  }
  void Fails(const Path& path) {
    state_.Record({path, AttemptStage::kTcp, FailureReason::kTimedOut, std::nullopt}, clock_.now);
  }
  void Raced(const std::string& host, std::vector<RaceCandidate> candidates) {
    state_.races.Append({.number = 0,
                         .host = host,
                         .owner = {},
                         .flow = Unexpected({FailureReason::kTimedOut, ""}),
                         .ended = {},
                         .trace = {},
                         .candidates = std::move(candidates)});
  }
  static BrokerOptions KeepingFiveEvents() {
    BrokerOptions options;
    options.kept_preference_events = 5;
    return options;
  }
  static Host Name(const char* text) { return *dns::DnsName::Parse(text); }
  static Host Address(const char* text) { return *IpAddress::Parse(text); }

  std::vector<std::string> Known(const ReachabilityQuery& query) const {
    std::vector<std::string> known;
    for (const TargetReachability& target : history_.Reachability(query)) {
      known.push_back(target.path.target.endpoint.ToString());
    }
    return known;
  }
  using Texts = std::vector<std::string>;

  Observer observer_;
  StoppedClock clock_;
  BrokerState state_{KeepingFiveEvents(), observer_};
  BrokerHistory history_{state_, clock_};
  history::NetworkId network_;
};

TEST_F(BrokerHistoryTest, TellsWhatIsKnownOfATarget) {
  Succeeds(Tcp("192.0.2.1"));
  const auto targets = history_.Reachability({Address("192.0.2.1")});
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].verdict.reachability, Reachability::kReachable);
  EXPECT_EQ(targets[0].next_reprobe, kNever);
  ASSERT_EQ(targets[0].rtts.size(), 1U);
  EXPECT_EQ(targets[0].rtts[0].stage, AttemptStage::kTcp);
  EXPECT_EQ(targets[0].rtts[0].expected.estimate.smoothed(), milliseconds(20));
  EXPECT_EQ(targets[0].timers.t1, milliseconds(100));
}

TEST_F(BrokerHistoryTest, TellsAllPortsOfAnAddressOrOnlyTheOneAskedFor) {
  Succeeds(Tcp("192.0.2.1"));
  Fails(Tcp("192.0.2.1", 5070));
  EXPECT_EQ(Known({Address("192.0.2.1")}), (Texts{"192.0.2.1:5060", "192.0.2.1:5070"}));
  EXPECT_EQ(Known({.host = Address("192.0.2.1"), .port = 5070}), Texts{"192.0.2.1:5070"});
  EXPECT_EQ(Known({.host = Address("192.0.2.1"), .transport = Transport::kTls}), Texts{});
  EXPECT_EQ(Known({.host = Address("192.0.2.1"), .interface = "lo"}).size(), 2U);
  EXPECT_EQ(Known({.host = Address("192.0.2.1"), .interface = "eth0"}), Texts{});
}

TEST_F(BrokerHistoryTest, TellsWhatThePrefixSaysOfAnAddressThatWasNeverTried) {
  Fails(Tcp("2001:db8:1::1"));
  Fails(Tcp("2001:db8:1::2"));
  const auto targets = history_.Reachability({Address("2001:db8:1::99")});
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].path, Tcp("2001:db8:1::99"));
  EXPECT_EQ(targets[0].verdict.reachability, Reachability::kUnreachable);
  EXPECT_EQ(targets[0].verdict.level, history::Level::kPrefix);
  EXPECT_EQ(Known({Address("2001:db8:2::1")}), Texts{});
}

TEST_F(BrokerHistoryTest, AHostStandsForTheTargetsOfItsRaces) {
  Succeeds(Tcp("192.0.2.1"));
  Succeeds(Tcp("192.0.2.2"));
  Succeeds(Tcp("192.0.2.3"));
  Raced("example.org", {{"a.example.org", Tcp("192.0.2.1")}, {"b.example.org", Tcp("192.0.2.2")}});
  EXPECT_EQ(Known({Name("example.org")}), (Texts{"192.0.2.1:5060", "192.0.2.2:5060"}));
  EXPECT_EQ(Known({Name("b.example.org")}), Texts{"192.0.2.2:5060"});
  EXPECT_EQ(Known({Name("c.example.org")}), Texts{});
}

TEST_F(BrokerHistoryTest, AHostStandsForItsAddressesInTheDnsCacheToo) {
  Succeeds(Tcp("192.0.2.1"));
  const dns::Question question{*dns::DnsName::Parse("a.example.org"), dns::RecordType::kA};
  state_.resolver.Ask(question, 0, "", clock_.now);
  state_.resolver.End(
      question,
      {.status = dns::AnswerStatus::kRecords, .ttl = minutes(1), .addresses = {*IpAddress::Parse("192.0.2.1")}},
      clock_.now);
  EXPECT_EQ(Known({Name("a.example.org")}), Texts{"192.0.2.1:5060"});
}

TEST_F(BrokerHistoryTest, ForgettingAHostLeavesItsNeighboursAlone) {
  Fails(Tcp("192.0.2.1"));
  Succeeds(Tcp("192.0.2.2"));
  Raced("example.org", {{"example.org", Tcp("192.0.2.1")}});
  const Forgotten forgotten = history_.Forget(Name("example.org"));
  EXPECT_EQ(forgotten.targets, 1U);
  EXPECT_EQ(forgotten.prefixes, 1U);
  EXPECT_EQ(Known({Name("example.org")}), Texts{});
  EXPECT_EQ(Known({Address("192.0.2.2")}), Texts{"192.0.2.2:5060"});
  EXPECT_EQ(history_.Forget(Name("example.org")).targets, 0U);
}

TEST_F(BrokerHistoryTest, ForgettingAHostFreesItOfTheHoldOnItsPrefix) {
  Fails(Tcp("2001:db8:1::1"));
  Fails(Tcp("2001:db8:1::2"));
  EXPECT_EQ(history_.Forget(Address("2001:db8:1::99")).prefixes, 1U);
  EXPECT_EQ(state_.history.Judge(Tcp("2001:db8:1::99"), clock_.now).reachability, Reachability::kUnknown);
  EXPECT_EQ(state_.history.Judge(Tcp("2001:db8:1::1"), clock_.now).reachability, Reachability::kUnreachable);
}

TEST_F(BrokerHistoryTest, ForgetsAPrefixOrEverythingAndSaysHowMuch) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "198.51.100.1"}) Succeeds(Tcp(address));
  Forgotten forgotten = history_.Forget(*IpPrefix::Parse("192.0.0.0/16"));
  EXPECT_EQ(forgotten.targets, 2U);
  EXPECT_EQ(forgotten.prefixes, 1U);
  forgotten = history_.ForgetAll();
  EXPECT_EQ(forgotten.targets, 1U);
  EXPECT_EQ(forgotten.prefixes, 1U);
  EXPECT_TRUE(history_.Preferences().empty());
}

TEST_F(BrokerHistoryTest, PublishesChangesOnceAndWhatWasForgotten) {
  Succeeds(Tcp("192.0.2.1"));
  Succeeds(Tcp("192.0.2.1"));
  history_.Forget(*IpPrefix::Parse("203.0.113.0/24"));  // nothing there
  history_.Forget(*IpPrefix::Parse("192.0.2.0/24"));
  history_.ForgetAll();
  ASSERT_EQ(observer_.events.size(), 3U);
  const auto& changed = std::get<history::FamilyPreference>(observer_.events[0].what);
  EXPECT_EQ(changed.reachability, Reachability::kReachable);
  EXPECT_EQ(std::get<PreferencesForgotten>(observer_.events[1].what).prefix, IpPrefix::Parse("192.0.2.0/24"));
  EXPECT_FALSE(std::get<PreferencesForgotten>(observer_.events[2].what).prefix);
  EXPECT_EQ(observer_.events[2].sequence, 3U);
}

TEST_F(BrokerHistoryTest, PublishesWhatTimeAloneHasChanged) {
  for (const char* address : {"2001:db8:1::1", "2001:db8:1::2"}) Fails(Tcp(address));
  ASSERT_EQ(observer_.events.size(), 1U) << "the prefix is held";
  clock_.now += std::chrono::hours(2);
  Succeeds(Tcp("192.0.2.1"));  // somewhere else
  state_.history.PublishChanges(clock_.now);
  ASSERT_EQ(observer_.events.size(), 3U);
  const auto faded = std::ranges::count_if(observer_.events, [](const PreferenceEvent& event) {
    return std::get<history::FamilyPreference>(event.what).reachability == Reachability::kUnknown;
  });
  EXPECT_EQ(faded, 1) << "S6: what was held has faded";
}

TEST_F(BrokerHistoryTest, TrafficOnANeighbourIsEnoughToNoticeWhatTimeHasChanged) {
  for (const char* address : {"2001:db8:1::1", "2001:db8:1::2"}) Fails(Tcp(address));
  clock_.now += std::chrono::hours(2);
  Path neighbour = Tcp("2001:db8:1::1");
  neighbour.target.transport = Transport::kUdp;
  state_.Record({neighbour, AttemptStage::kProbe, std::nullopt, milliseconds(20)}, clock_.now);
  ASSERT_EQ(observer_.events.size(), 3U) << "held, then the neighbour is reachable and the hold has faded";
  EXPECT_EQ(std::get<history::FamilyPreference>(observer_.events[2].what).key.transport, Transport::kTcp);
}

TEST_F(BrokerHistoryTest, AWatcherResumesWithinWhatIsKept) {
  for (int i = 0; i < 8; ++i) history_.ForgetAll();
  EXPECT_EQ(history_.LatestPreferenceEvent(), 8U);
  std::vector<std::uint64_t> seen;
  const auto sink = [&](const PreferenceEvent& event) { seen.push_back(event.sequence); };
  EXPECT_FALSE(history_.WatchPreferences(2, sink)) << "event 3 is no longer kept";
  auto watch = history_.WatchPreferences(6, sink);
  ASSERT_TRUE(watch);
  history_.ForgetAll();
  watch.reset();
  history_.ForgetAll();
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{7, 8, 9}));
}

}  // namespace
}  // namespace flowbroker::engine
