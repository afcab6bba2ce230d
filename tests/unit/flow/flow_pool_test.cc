#include "broker/flow/flow_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::flow {
namespace {

using std::chrono::seconds;

class FlowPoolTest : public ::testing::Test {
 protected:
  static FlowKey Key(const char* address, std::string group = "") {
    return {.remote = {{*IpAddress::Parse(address), 5060}, Transport::kTcp},
            .owner = {.client_group = std::move(group)}};
  }
  Flow& Add(FlowKey key, TimePoint now, bool exclusive = false) {
    return pool_.Add(FlowId::Make(0, random_), std::move(key), {++connections_}, local_, {}, exclusive, now);
  }

  testing::SeededRandom random_{12};
  std::uint64_t connections_ = 0;
  Endpoint local_{*IpAddress::Parse("192.0.2.99"), 40000};
  FlowPool pool_{{.idle_timeout = seconds(300), .max_flows_per_target = 2}, random_};
  TimePoint start_{seconds(1000)};
};

TEST_F(FlowPoolTest, SharesTheFlowWithTheLatestEvidence) {
  Flow& older = Add(Key("192.0.2.1"), start_);
  Flow& newer = Add(Key("192.0.2.1"), start_ + seconds(1));
  EXPECT_EQ(pool_.FindShareable(Key("192.0.2.1")), &newer);
  pool_.NoteEvidence(older, start_ + seconds(2));
  EXPECT_EQ(pool_.FindShareable(Key("192.0.2.1")), &older);
}

TEST_F(FlowPoolTest, KeepsGroupsAndExclusiveFlowsApart) {
  Add(Key("192.0.2.1", "a"), start_);
  Add(Key("192.0.2.2", "b"), start_, /*exclusive=*/true);
  EXPECT_EQ(pool_.FindShareable(Key("192.0.2.1", "b")), nullptr);
  EXPECT_EQ(pool_.FindShareable(Key("192.0.2.2", "b")), nullptr);
}

TEST_F(FlowPoolTest, FindsAFlowByItsAddressesUntilItIsRemoved) {
  Flow& first = Add(Key("192.0.2.1"), start_);
  const FlowAddresses addresses = first.addresses();
  EXPECT_EQ(pool_.FindByAddresses(addresses), &first);
  std::array<FlowAddresses, 3> others{addresses, addresses, addresses};
  others[0].transport = Transport::kUdp;
  ++others[1].remote.port;
  ++others[2].local.port;
  for (const FlowAddresses& other : others) EXPECT_EQ(pool_.FindByAddresses(other), nullptr);
  const Flow& second = Add(Key("192.0.2.1"), start_ + seconds(1));  // the end of the first has not been told yet
  EXPECT_EQ(pool_.FindByAddresses(addresses), &second);
  pool_.Remove(FlowId(second.id));
  EXPECT_EQ(pool_.FindByAddresses(addresses), &first);
  pool_.Remove(FlowId(first.id));
  EXPECT_EQ(pool_.FindByAddresses(addresses), nullptr);
}

TEST_F(FlowPoolTest, AFlowServesTheIdentitiesOfItsPeerAtThatPlaceForThatOwnerOnly_O3) {
  const auto tls = [](const char* address, const char* identity, std::string group = "") {
    FlowKey key = Key(address, std::move(group));
    key.remote.transport = Transport::kTls;
    key.tls_identity = identity;
    return key;
  };
  Flow& flow = Add(tls("192.0.2.1", "a.example"), start_);
  flow.peer = std::make_shared<const TlsIdentities>(
      TlsIdentities{{"a.example", "b.example"}, {*IpAddress::Parse("192.0.2.1")}});
  for (const char* carried : {"a.example", "b.example", "B.Example.", "192.0.2.1"})
    EXPECT_EQ(pool_.FindShareable(tls("192.0.2.1", carried)), &flow) << carried;
  for (const char* lacking : {"c.example", "x.b.example", "example", "192.0.2.2", ""})
    EXPECT_EQ(pool_.FindShareable(tls("192.0.2.1", lacking)), nullptr) << lacking;
  EXPECT_EQ(pool_.FindShareable(tls("192.0.2.2", "b.example")), nullptr);
  EXPECT_EQ(pool_.FindShareable(tls("192.0.2.1", "b.example", "other")), nullptr);
  FlowKey from = tls("192.0.2.1", "b.example");
  from.local_address = IpAddress::Parse("192.0.2.99");
  EXPECT_EQ(pool_.FindShareable(from), nullptr);
}

TEST_F(FlowPoolTest, RemovedFlowIsFoundNoMore) {
  const FlowId id = Add(Key("192.0.2.1"), start_).id;
  EXPECT_EQ(pool_.Remove(id)->id, id);
  EXPECT_EQ(pool_.Find(id), nullptr);
  EXPECT_EQ(pool_.FindShareable(Key("192.0.2.1")), nullptr);
  EXPECT_FALSE(pool_.Remove(id));
  EXPECT_EQ(pool_.NextIdle(), kNever);
}

TEST_F(FlowPoolTest, APageIsTheFirstIdsBehindAnotherOfThoseThatMayBeSeen) {
  std::vector<FlowId> mine;
  for (int i = 0; i < 20; ++i) {
    const std::string address = "192.0.2." + std::to_string(i);
    mine.push_back(Add(Key(address.c_str(), "mine"), start_).id);
    Add(Key(address.c_str(), "other"), start_);
  }
  std::ranges::sort(mine);
  const Scope scope{.client_group = "mine"};
  const auto page = [&mine](std::ptrdiff_t from, std::ptrdiff_t to) {
    return std::vector<FlowId>(mine.begin() + from, mine.begin() + to);
  };
  EXPECT_EQ(pool_.IdsAfter(std::nullopt, 7, scope), page(0, 7));
  EXPECT_EQ(pool_.IdsAfter(mine[6], 7, scope), page(7, 14));
  EXPECT_EQ(pool_.IdsAfter(mine[13], 100, scope), page(14, 20));
  EXPECT_EQ(pool_.IdsAfter(std::nullopt, 100, {}).size(), 40U);
  EXPECT_TRUE(pool_.IdsAfter(std::nullopt, 0, scope).empty());
}

TEST_F(FlowPoolTest, LeastRecentlyUsedBecomesIdleFirst) {
  const FlowId first = Add(Key("192.0.2.1"), start_).id;
  const FlowId second = Add(Key("192.0.2.2"), start_ + seconds(1)).id;
  pool_.NoteActivity(*pool_.Find(first), start_ + seconds(10));
  EXPECT_EQ(pool_.NextIdle(), start_ + seconds(301));
  EXPECT_EQ(pool_.IdleFlow(start_ + seconds(300)), nullptr);
  EXPECT_EQ(pool_.IdleFlow(start_ + seconds(301))->id, second);
  pool_.Remove(second);
  EXPECT_EQ(pool_.NextIdle(), start_ + seconds(310));
}

TEST_F(FlowPoolTest, LimitsFlowsPerTargetAcrossGroups) {
  const Target target = Key("192.0.2.1").remote;
  Add(Key("192.0.2.1", "a"), start_);
  EXPECT_TRUE(pool_.HasRoomFor(target, ""));
  const FlowId last = Add(Key("192.0.2.1", "b"), start_).id;
  EXPECT_FALSE(pool_.HasRoomFor(target, ""));
  EXPECT_TRUE(pool_.HasRoomFor(target, "another tenant"));
  pool_.Remove(last);
  EXPECT_TRUE(pool_.HasRoomFor(target, ""));
}

}  // namespace
}  // namespace flowbroker::flow
