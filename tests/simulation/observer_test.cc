// What the engine tells about itself: everything once, and whose it was.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using engine::DnsLookup;
using engine::FlowSource;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kIpv6 = "2001:db8::10";
constexpr const char* kIpv4 = "192.0.2.10";
constexpr TargetScript kSilent{.kind = TargetScript::Kind::kSilent};

Target Tcp(const char* address) {
  return {{*IpAddress::Parse(address), 5060}, Transport::kTcp};
}

class Count final : public flow::AcquireCount {
 public:
  void Add(std::uint64_t acquires) override { total += acquires; }
  std::uint64_t total = 0;
};

class Recorder final : public engine::BrokerObserver {
 public:
  struct Told {
    bool ok;
    std::string request_id;
    std::string trace_parent;
    std::string tenant;
    bool stale_dns;
    std::size_t steps;  // of its story
    Duration took;
  };

  void OnAcquired(const engine::AnsweredAcquire& acquire) override {
    acquires.push_back({.ok = acquire.result.flow.has_value(),
                        .request_id = std::string(acquire.request_id),
                        .trace_parent = std::string(acquire.trace_parent),
                        .tenant = acquire.owner.tenant,
                        .stale_dns = acquire.stale_dns,
                        .steps = acquire.story == nullptr ? 0 : (*acquire.story)().steps.size(),
                        .took = acquire.took});
  }
  void OnRequestsWaiting(int change) override { waiting += change; }
  void OnRaceWon(const history::Path& winner, std::size_t position,
                 std::span<const history::Path> candidates) override {
    wins.emplace_back(winner.target, position);
    candidates_of_last = candidates.size();
  }
  void OnReprobe(const history::Path& path, std::optional<FailureReason> failure) override {
    reprobes.emplace_back(path.target, failure);
  }
  void OnFlowProbing(const engine::FlowView& flow) override { probing += flow.probing ? 1 : -1; }
  std::shared_ptr<flow::AcquireCount> CountOf(const history::Path& path) override {
    auto& count = counts[path.target.endpoint.address.ToString()];
    if (count == nullptr) count = std::make_shared<Count>();
    return count;
  }
  void OnDnsLookup(DnsLookup lookup) override { ++lookups[lookup]; }

  std::vector<Told> acquires;
  int waiting = 0;
  int probing = 0;
  std::vector<std::pair<Target, std::size_t>> wins;
  std::size_t candidates_of_last = 0;
  std::vector<std::pair<Target, std::optional<FailureReason>>> reprobes;
  std::map<std::string, std::shared_ptr<Count>> counts;
  std::map<DnsLookup, int> lookups;
};

class ObserverTest : public ::testing::Test {
 protected:
  ObserverTest() {
    shard_.Host("example.org", {kIpv6, kIpv4});
    shard_.Script(Tcp(kIpv4), {});
    shard_.Script(Tcp(kIpv6), {});
  }
  engine::AcquireRequest Request(const std::string& id) const {
    auto request = ScriptedShard::RequestFor("sip:alice@example.org;transport=tcp");
    request.request_id = id;
    request.trace_parent = "trace of " + id;
    request.owner.tenant = "tenant";
    request.deadline = shard_.now() + seconds(32);
    return request;
  }

  Recorder told_;
  ScriptedShard shard_{1, {}, &told_};
};

TEST_F(ObserverTest, EveryWaiterOfARaceIsToldOfWithItsOwnRequestAndTrace) {
  auto first = Request("a");
  first.want_trace = false;
  shard_.Acquire(first);
  shard_.RunFor(milliseconds(5));
  shard_.Acquire(Request("b"));
  EXPECT_EQ(told_.waiting, 2);
  shard_.RunFor(seconds(1));
  EXPECT_EQ(told_.waiting, 0);
  ASSERT_EQ(told_.acquires.size(), 2U);
  for (const auto& one : told_.acquires) {
    EXPECT_TRUE(one.ok);
    EXPECT_EQ(one.trace_parent, "trace of " + one.request_id);
    EXPECT_EQ(one.tenant, "tenant");
    EXPECT_GT(one.steps, 0U) << "the story is there although nobody asked for it";
  }
  EXPECT_NE(told_.acquires[0].request_id, told_.acquires[1].request_id);
  EXPECT_NE(told_.acquires[0].took, told_.acquires[1].took);
}

TEST_F(ObserverTest, ARefusedRequestIsToldOfOnceAndDoesNotWait) {
  shard_.core().Stop(shard_.now());
  shard_.Acquire(Request("late"));
  ASSERT_EQ(told_.acquires.size(), 1U);
  EXPECT_FALSE(told_.acquires[0].ok);
  EXPECT_EQ(told_.acquires[0].request_id, "late");
  EXPECT_EQ(told_.waiting, 0);
}

TEST_F(ObserverTest, ACancelledRequestStopsToWait) {
  const auto number = shard_.Ask(Request("a"), [](const engine::AcquireResult&) {});
  EXPECT_EQ(told_.waiting, 1);
  shard_.Cancel(number);
  EXPECT_EQ(told_.waiting, 0);
}

TEST_F(ObserverTest, TheWinnersPlaceIsThatOfItsAttempt) {
  shard_.AcquireNow("sip:example.org;transport=tcp");
  ASSERT_EQ(told_.wins.size(), 1U);
  EXPECT_EQ(told_.wins[0], std::pair(Tcp(kIpv6), std::size_t{1}));
  EXPECT_EQ(told_.candidates_of_last, 2U);
}

TEST_F(ObserverTest, TheSecondAttemptWinsWhereTheFirstIsSilent) {
  shard_.Script(Tcp(kIpv6), kSilent);
  shard_.AcquireNow("sip:example.org;transport=tcp");
  ASSERT_EQ(told_.wins.size(), 1U);
  EXPECT_EQ(told_.wins[0], std::pair(Tcp(kIpv4), std::size_t{2}));
}

TEST_F(ObserverTest, ReprobesAreToldOfWithTheirEndAndNotAsWins) {
  shard_.Script(Tcp(kIpv6), kSilent);
  auto exclusive = Request("");
  exclusive.exclusive = true;
  for (int i = 0; i < 4; ++i) {
    exclusive.deadline = shard_.now() + seconds(32);
    shard_.Acquire(exclusive);
    shard_.RunFor(seconds(5));
  }
  ASSERT_FALSE(told_.reprobes.empty());
  EXPECT_EQ(told_.reprobes.back().first, Tcp(kIpv6));
  EXPECT_TRUE(told_.reprobes.back().second.has_value());
  const std::size_t wins = told_.wins.size();
  shard_.Script(Tcp(kIpv6), {});
  while (told_.reprobes.back().second && shard_.now() < TimePoint(std::chrono::hours(2))) {
    exclusive.deadline = shard_.now() + seconds(32);
    shard_.Acquire(exclusive);
    shard_.RunFor(seconds(5));
  }
  EXPECT_EQ(told_.reprobes.back().second, std::nullopt);
  EXPECT_EQ(shard_.state().history.occupancy().restored.targets, 1U);
  EXPECT_GT(told_.wins.size(), wins);
  for (const auto& [target, position] : told_.wins) EXPECT_LE(position, 2U);
}

TEST_F(ObserverTest, EveryAcquireCountsWithTheFlowThatAnswersIt) {
  shard_.AcquireNow("sip:example.org;transport=tcp");
  shard_.AcquireNow("sip:example.org;transport=tcp");
  shard_.AcquireNow("sip:example.org;transport=tcp");
  EXPECT_EQ(told_.counts.at(kIpv6)->total, 3U);
  EXPECT_FALSE(told_.counts.contains(kIpv4));
}

TEST_F(ObserverTest, AFlowIsProbingUntilItAnswers) {
  shard_.AcquireNow("sip:example.org;transport=tcp");
  shard_.RunFor(seconds(170));  // no longer fresh: between two keep-alives, 95 to 120 s apart
  const auto result = shard_.Acquire("sip:example.org;transport=tcp");
  shard_.RunFor(milliseconds(10));  // DNS says where to again
  EXPECT_EQ(told_.probing, 1);
  shard_.RunFor(seconds(1));
  ASSERT_TRUE(result->has_value());
  EXPECT_EQ((*result)->flow->source, FlowSource::kProbed);
  EXPECT_EQ(told_.probing, 0);
}

TEST_F(ObserverTest, TheCacheIsAskedOnceAndThenHits) {
  auto exclusive = Request("");
  exclusive.exclusive = true;
  exclusive.destination = ScriptedShard::RequestFor("sip:example.org:5060;transport=tcp").destination;
  shard_.Acquire(exclusive);
  shard_.RunFor(seconds(1));
  const int misses = told_.lookups[DnsLookup::kMiss];
  EXPECT_GT(misses, 0);
  EXPECT_EQ(told_.lookups[DnsLookup::kHit], 0);
  shard_.Acquire(exclusive);
  shard_.RunFor(seconds(1));
  EXPECT_EQ(told_.lookups[DnsLookup::kMiss], misses);
  EXPECT_EQ(told_.lookups[DnsLookup::kHit], misses);
}

TEST_F(ObserverTest, AnAcquireThatExpiredAnswersLedToSaysSo) {
  shard_.Host("old.example.org", {kIpv4}, seconds(10));
  auto request = Request("");
  request.exclusive = true;
  request.destination = ScriptedShard::RequestFor("sip:old.example.org:5060;transport=tcp").destination;
  shard_.Acquire(request);
  shard_.RunFor(seconds(20));
  for (const dns::RecordType type : {dns::RecordType::kA, dns::RecordType::kAaaa}) {
    dns::RecordSet trouble;
    trouble.status = dns::AnswerStatus::kServerFailure;
    shard_.Answer("old.example.org", type, trouble);
  }
  request.deadline = shard_.now() + seconds(32);
  shard_.Acquire(request);
  shard_.RunFor(seconds(1));
  ASSERT_EQ(told_.acquires.size(), 2U);
  EXPECT_FALSE(told_.acquires[0].stale_dns);
  EXPECT_TRUE(told_.acquires[1].ok);
  EXPECT_TRUE(told_.acquires[1].stale_dns);
}

}  // namespace
}  // namespace flowbroker::simulation
