// What one tenant's work costs the others: whatever it asks for, they find room.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const flow::Owner kGreedy{.tenant = "spiffe://example.org/greedy", .client_group = "proxy"};
const flow::Owner kGreedyToo{.tenant = "spiffe://example.org/greedy-too", .client_group = "proxy"};
const flow::Owner kQuiet{.tenant = "spiffe://example.org/quiet", .client_group = "proxy"};
const flow::Owner kOperator{};

engine::BrokerOptions Small() {
  engine::BrokerOptions options;
  options.max_attempts = 8;
  options.max_requests = 100;
  return options;
}

class LimitCounter final : public engine::BrokerObserver {
 public:
  void OnLimit(engine::Limit limit) override { ++hits[limit]; }
  std::map<engine::Limit, int> hits;
};

class FairnessTest : public ::testing::Test {
 protected:
  using Result = std::shared_ptr<std::optional<engine::AcquireResult>>;

  FairnessTest() {
    shard_.Script(Peer(), {});
    for (int i = 0; i < 250; ++i) {
      shard_.Script({{*IpAddress::Parse(Dead(i)), 5060}, Transport::kTcp}, {.kind = TargetScript::Kind::kSilent});
    }
  }

  static Target Peer() { return {{*IpAddress::Parse("192.0.2.10"), 5060}, Transport::kTcp}; }
  static std::string Dead(int i) { return "203.0.113." + std::to_string(i + 1); }

  engine::AcquireRequest RequestOf(const flow::Owner& owner, const std::string& host, Duration timeout) const {
    auto request = ScriptedShard::RequestFor("sip:" + host + ";transport=tcp");
    request.owner = owner;
    request.deadline = shard_.now() + timeout;
    return request;
  }
  void AskForDeadHosts(const flow::Owner& owner, int count, Duration timeout = seconds(32)) {
    for (int i = 0; i < count; ++i) results_.push_back(shard_.Acquire(RequestOf(owner, Dead(i), timeout)));
  }
  /// How long `owner` waits for a flow to a peer that answers.
  Duration TimeToServe(const flow::Owner& owner) {
    const TimePoint asked = shard_.now();
    const Result result = shard_.Acquire(RequestOf(owner, "192.0.2.10", seconds(32)));
    while (!result->has_value()) shard_.RunFor(milliseconds(1));
    EXPECT_TRUE((*result)->flow) << (*result)->flow.error().ToString();
    return shard_.now() - asked;
  }
  /// Of the answers so far.
  int RefusedForTheShare() const {
    int refused = 0;
    for (const Result& result : results_) {
      if (!result->has_value() || (*result)->flow) continue;
      const Failure& failure = (*result)->flow.error();
      if (failure.reason == FailureReason::kLimitReached && failure.detail.starts_with("tenant_share")) ++refused;
    }
    return refused;
  }

  LimitCounter observer_;
  ScriptedShard shard_{1, Small(), &observer_};
  std::vector<Result> results_;
};

TEST_F(FairnessTest, ATenantWithDeadHostsDelaysNoOther) {
  AskForDeadHosts(kGreedy, 250);
  shard_.RunFor(milliseconds(500));
  EXPECT_LT(TimeToServe(kQuiet), milliseconds(50));
}

TEST_F(FairnessTest, WorkThatNobodyWaitsForCountsToo) {
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 10; ++i) {
      const auto number =
          shard_.Ask(RequestOf(kGreedy, Dead(10 * round + i), seconds(32)), [](const engine::AcquireResult&) {});
      shard_.RunFor(milliseconds(1));
      shard_.Cancel(number);
    }
    AskForDeadHosts(kGreedy, 10, milliseconds(1));
    shard_.RunFor(milliseconds(10));
  }
  EXPECT_LT(TimeToServe(kQuiet), milliseconds(50));
}

TEST_F(FairnessTest, OverItsShareOfRequestsATenantIsRefusedAndOthersAreNot) {
  AskForDeadHosts(kGreedy, 250);
  shard_.RunFor({});
  EXPECT_EQ(RefusedForTheShare(), 200);
  EXPECT_EQ(observer_.hits[engine::Limit::kTenantRequests], 200);
  AskForDeadHosts(kQuiet, 50);
  shard_.RunFor({});
  EXPECT_EQ(RefusedForTheShare(), 200);
  shard_.RunFor(seconds(60));
  AskForDeadHosts(kGreedy, 50);
  shard_.RunFor({});
  EXPECT_EQ(RefusedForTheShare(), 200) << "what is over does not count any more";
}

TEST_F(FairnessTest, TheOperatorHasNoShare) {
  AskForDeadHosts(kOperator, 100);
  shard_.RunFor({});
  EXPECT_EQ(RefusedForTheShare(), 0);
  EXPECT_EQ(shard_.connections_opened(), 8);
}

TEST_F(FairnessTest, WhereAllRoomIsTakenTheNextPlaceGoesToTheNextTenant) {
  AskForDeadHosts(kGreedy, 20);
  AskForDeadHosts(kGreedyToo, 20);
  shard_.RunFor(milliseconds(500));
  ASSERT_EQ(shard_.connections_opened(), 8);
  EXPECT_LT(TimeToServe(kQuiet), seconds(10)) << "when the first attempt has timed out";
}

}  // namespace
}  // namespace flowbroker::simulation
