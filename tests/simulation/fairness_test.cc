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

TEST_F(FairnessTest, OverItsShareOfResolvesATenantIsRefusedAndOthersAreNot) {
  shard_.Answer("slow.example.org", dns::RecordType::kA, {}, seconds(60));
  std::map<std::string, int> refused;
  const auto resolve = [&](const std::string& tenant) {
    shard_.core().resolutions().Start(
        tenant, {.to = *sip::SipUri::Parse("sip:slow.example.org:5060;transport=tcp")}, shard_.now() + seconds(5),
        [&refused, tenant](const engine::ResolveResult& result) {
          if (result.targets.error().reason == FailureReason::kLimitReached) ++refused[tenant];
        },
        shard_.now());
    shard_.RunFor({});
  };
  for (int i = 0; i < 60; ++i) resolve(kGreedy.tenant);
  resolve(kQuiet.tenant);
  EXPECT_EQ(refused[kGreedy.tenant], 10);
  EXPECT_EQ(refused[kQuiet.tenant], 0);
  shard_.RunFor(seconds(10));
  resolve(kGreedy.tenant);
  EXPECT_EQ(refused[kGreedy.tenant], 10) << "what is over does not count any more";
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

std::string Message(const std::string& body = {}) {
  return "MESSAGE sip:b@b SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.99;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n"
         "To: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class CollectingSink final : public engine::RelaySink {
 public:
  bool Offer(engine::InboundMessage& message) override {
    if (full) return false;
    octets += message.bytes.size();
    return true;
  }
  std::size_t octets = 0;
  bool full = false;
};

class RelayFairnessTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kRoom = 100'000;

  static engine::BrokerOptions Options() {
    engine::BrokerOptions options;
    options.flows.waiting_octets_per_tenant = kRoom;
    options.flows.handover_octets = kRoom;
    return options;
  }
  /// To a peer of its own: the script tells sockets apart by their peers.
  flow::FlowId Open(const flow::Owner& owner) {
    const std::string address = "192.0.2." + std::to_string(++last_peer_);
    shard_.Script({{*IpAddress::Parse(address), 5060}, Transport::kTcp}, {});
    auto request = ScriptedShard::RequestFor("sip:" + address + ";transport=tcp");
    request.owner = owner;
    const auto result = shard_.Acquire(request);
    shard_.RunFor(seconds(1));
    return (*result)->flow->id;
  }
  static flow::Owner GroupOf(const flow::Owner& owner, int number) {
    return {.tenant = owner.tenant, .client_group = std::to_string(number)};
  }
  /// Octets that come from the groups' peers while nobody takes them, and are delivered later.
  std::size_t Held(const flow::Owner& owner) {
    std::vector<flow::FlowId> flows;
    for (int group = 0; group < 20; ++group) flows.push_back(Open(GroupOf(owner, group)));
    for (int i = 0; i < 200; ++i)
      shard_.PeerSends(flows[static_cast<std::size_t>(i % 20)], Message(std::string(1000, 'x')));
    const auto sink = std::make_shared<CollectingSink>();
    for (int group = 0; group < 20; ++group) {
      shard_.core().relay().Attach(++last_relay_, GroupOf(owner, group), sink, shard_.now());
    }
    return sink->octets;
  }
  /// The same where streams are there from the beginning and full until the end.
  std::size_t Blocked(const flow::Owner& owner) {
    const auto sink = std::make_shared<CollectingSink>();
    sink->full = true;
    std::vector<flow::FlowId> flows;
    for (int group = 0; group < 20; ++group) {
      flows.push_back(Open(GroupOf(owner, group)));
      shard_.core().relay().Attach(++last_relay_, GroupOf(owner, group), sink, shard_.now());
    }
    for (int i = 0; i < 200; ++i)
      shard_.PeerSends(flows[static_cast<std::size_t>(i % 20)], Message(std::string(1000, 'x')));
    sink->full = false;
    for (int group = 0; group < 20; ++group) {
      shard_.core().relay().Resume(last_relay_ - static_cast<engine::RelayId>(group), shard_.now());
    }
    return sink->octets;
  }
  std::optional<Failure> Send(engine::RelayId relay, const flow::FlowId& flow, std::size_t octets = 0) {
    return shard_.core().relay().Send(relay, flow, Message(std::string(octets, 'x')), shard_.now());
  }

  engine::RelayId last_relay_ = 100;
  int last_peer_ = 0;
  ScriptedShard shard_{1, Options()};
};

TEST_F(RelayFairnessTest, ManyGroupsGiveATenantNoMoreRoomForHeldMessages) {
  const std::size_t held = Held(kGreedy);
  EXPECT_GT(held, kRoom / 4);
  EXPECT_LE(held, kRoom);
  EXPECT_GT(Held(kOperator), kRoom) << "the operator's room is that of each group";
}

TEST_F(RelayFairnessTest, ManyFullStreamsGiveATenantNoMoreRoomForWhatWaitsForThem) {
  const std::size_t waited = Blocked(kGreedy);
  EXPECT_GT(waited, kRoom / 4);
  EXPECT_LE(waited, kRoom);
  EXPECT_GT(Blocked(kOperator), kRoom) << "the operator's room is that of each group";
}

TEST_F(RelayFairnessTest, ManySlowPeersGiveATenantNoMoreRoomForUnsentMessages) {
  const flow::FlowId first = Open(kGreedy);
  const flow::FlowId second = Open(kGreedy);
  const flow::FlowId quiet = Open(kQuiet);
  shard_.core().relay().Attach(1, kGreedy, std::make_shared<CollectingSink>(), shard_.now());
  shard_.core().relay().Attach(2, kQuiet, std::make_shared<CollectingSink>(), shard_.now());
  shard_.core().relay().OnQueued(first, kRoom);
  const auto refused = Send(1, second);
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->detail.starts_with("waiting_octets_per_tenant")) << refused->detail;
  EXPECT_FALSE(Send(2, quiet));
  shard_.core().flows().Close(first, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
  EXPECT_FALSE(Send(1, second)) << "what is closed does not count any more";
  shard_.core().relay().OnQueued(second, kRoom);
  EXPECT_TRUE(Send(1, second));
  shard_.core().relay().OnQueued(second, 0);
  EXPECT_FALSE(Send(1, second));
}

TEST_F(RelayFairnessTest, OneTenantDoesNotFillTheWayToTheSockets) {
  const flow::FlowId greedy = Open(kGreedy);
  const flow::FlowId quiet = Open(kQuiet);
  shard_.core().relay().Attach(1, kGreedy, std::make_shared<CollectingSink>(), shard_.now());
  shard_.core().relay().Attach(2, kQuiet, std::make_shared<CollectingSink>(), shard_.now());
  int sent = 0;
  while (!Send(1, greedy, 1000)) ++sent;
  EXPECT_LE(sent, 50);
  EXPECT_FALSE(Send(2, quiet, 1000));
  shard_.RunFor({});
  EXPECT_FALSE(Send(1, greedy, 1000)) << "the sockets had their turn";
}

}  // namespace
}  // namespace flowbroker::simulation
