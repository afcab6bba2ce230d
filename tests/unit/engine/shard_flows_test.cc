#include "broker/engine/shard_flows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/fake_source_addresses.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::engine {
namespace {

using history::LocalInterface;
using history::NetworkId;

constexpr TimePoint kNow{std::chrono::hours(1)};

IpAddress Address(std::string_view text) {
  return *IpAddress::Parse(text);
}

class ShardFlowsTest : public ::testing::Test {
 protected:
  /// A flow from `local`, and what became of it.
  flow::FlowId Open(std::string_view local, std::string interface = {}) {
    flow::FlowKey key{.remote = {{Address("203.0.113.1"), 5060}, Transport::kTcp}};
    key.local_interface = std::move(interface);
    const flow::ConnectionId connection{context_.NextNumber()};
    return (*flows_.Open(std::move(key), connection, {Address(local), 40000}, true, kNow))->id;
  }
  NetworkId NetworkOf(const flow::FlowId& id) { return flows_.pool().Find(id)->network; }
  void HostHas(std::vector<LocalInterface> interfaces) {
    state_.networks.Update(std::move(interfaces));
    flows_.OnNetworksChanged(kNow);
  }

  BrokerObserver observer_;
  BrokerState state_{BrokerOptions{}, observer_};
  testing::FakeSourceAddresses sources_;
  testing::SeededRandom random_{1};
  ShardContext context_{.index = 0, .state = state_, .sources = sources_, .random = random_};
  std::vector<Failure> ends_;
  ShardFlows flows_{context_, [](flow::Flow&, TimePoint) {},
                    [this](const flow::Flow&, const Failure& why, TimePoint) { ends_.push_back(why); }};
};

const LocalInterface kEth0{"eth0", {{Address("192.0.2.1"), 24}}};
const LocalInterface kEth1{"eth1", {{Address("198.51.100.1"), 24}}};

TEST_F(ShardFlowsTest, FlowsEndWithTheirAddressAndOthersStay) {
  HostHas({kEth0, kEth1});
  const flow::FlowId lost = Open("192.0.2.1");
  const flow::FlowId kept = Open("198.51.100.1");
  HostHas({kEth1});
  EXPECT_EQ(flows_.pool().Find(lost), nullptr);
  EXPECT_NE(flows_.pool().Find(kept), nullptr);
  ASSERT_EQ(ends_.size(), 1U);
  EXPECT_EQ(ends_[0].reason, FailureReason::kLocalAddressLost);
  EXPECT_EQ(ends_[0].detail, "eth0 has lost 192.0.2.1");
  EXPECT_EQ(state_.flows, 1U);
}

TEST_F(ShardFlowsTest, AFlowOfAnAddressThatStaysIsOnTheNetworkItsInterfaceJoined) {
  HostHas({kEth0});
  const flow::FlowId id = Open("192.0.2.1");
  const NetworkId before = NetworkOf(id);
  LocalInterface more = kEth0;
  more.addresses.push_back({Address("2001:db8::1"), 64});
  HostHas({more});
  ASSERT_NE(flows_.pool().Find(id), nullptr);
  EXPECT_NE(NetworkOf(id), before);
  EXPECT_EQ(NetworkOf(id), state_.networks.NetworkOf("eth0"));
}

TEST_F(ShardFlowsTest, AFlowFromAnAddressThatWasNeverKnownIsNotJudged) {
  HostHas({kEth0});
  const flow::FlowId id = Open("127.0.0.2");
  EXPECT_EQ(NetworkOf(id), NetworkId{});
  HostHas({});
  EXPECT_NE(flows_.pool().Find(id), nullptr);
}

TEST_F(ShardFlowsTest, AnAddressThatMovedKeepsOnlyFlowsThatAreNotBoundToItsInterface) {
  HostHas({kEth0});
  const flow::FlowId free = Open("192.0.2.1");
  const flow::FlowId bound = Open("192.0.2.1", "eth0");
  HostHas({{"eth1", kEth0.addresses}});
  EXPECT_NE(flows_.pool().Find(free), nullptr);
  EXPECT_EQ(flows_.pool().Find(bound), nullptr);
}

class TenantFlowsTest : public ShardFlowsTest {
 protected:
  class LimitObserver final : public BrokerObserver {
   public:
    void OnLimit(Limit limit) override { limits.push_back(limit); }
    std::vector<Limit> limits;
  };
  /// Another shard of the same broker.
  struct OtherShard {
    ShardContext context;
    ShardFlows flows{context, [](flow::Flow&, TimePoint) {}, [](const flow::Flow&, const Failure&, TimePoint) {}};
  };

  static void SetLimit(ShardContext& context, std::size_t limit) {
    LiveOptions options;
    options.max_flows_per_tenant = limit;
    context.live = std::make_shared<const LiveOptions>(options);
  }
  static Expected<flow::Flow*> OpenFor(const std::string& tenant, ShardContext& context, ShardFlows& flows) {
    const auto number = static_cast<std::uint8_t>(context.NextNumber());
    const Target remote{{IpAddress::FromIpv4({203, 0, 113, number}), 5060}, Transport::kTcp};
    return flows.Open({.remote = remote, .owner = {.tenant = tenant}}, {number}, {Address("192.0.2.1"), 40000}, true,
                      kNow);
  }

  LimitObserver limits_;
  BrokerState shared_{BrokerOptions{}, limits_};
  OtherShard one_{{.index = 0, .state = shared_, .sources = sources_, .random = random_}};
  OtherShard two_{{.index = 1, .state = shared_, .sources = sources_, .random = random_}};
};

TEST_F(TenantFlowsTest, AreCountedInAllShardsTogether) {
  SetLimit(one_.context, 2);
  SetLimit(two_.context, 2);
  const auto first = OpenFor("a", one_.context, one_.flows);
  ASSERT_TRUE(first);
  ASSERT_TRUE(OpenFor("a", two_.context, two_.flows));
  EXPECT_FALSE(one_.flows.HasRoomFor({.tenant = "a"}));
  const auto refused = OpenFor("a", two_.context, two_.flows);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, FailureReason::kLimitReached);
  EXPECT_NE(refused.error().detail.find("max_flows_per_tenant"), std::string::npos);
  EXPECT_EQ(limits_.limits, std::vector{Limit::kFlowsPerTenant});
  EXPECT_EQ(shared_.flows, 2U) << "a refused flow is not counted";
  EXPECT_TRUE(OpenFor("b", two_.context, two_.flows)) << "another tenant has its own";
  one_.flows.Close(**first, {FailureReason::kIdle, ""}, kNow);
  EXPECT_TRUE(OpenFor("a", two_.context, two_.flows));
}

TEST_F(TenantFlowsTest, AreForgottenWithTheLastFlow) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(OpenFor(std::to_string(i), one_.context, one_.flows));
  EXPECT_EQ(shared_.tenant_flows.tenants(), 100U);
  one_.flows.CloseAll({FailureReason::kShuttingDown, ""}, kNow);
  EXPECT_EQ(shared_.tenant_flows.tenants(), 0U);
  EXPECT_EQ(shared_.flows, 0U);
}

TEST_F(TenantFlowsTest, ARefusalLeavesNoAccountOfATenantWithoutFlows) {
  SetLimit(one_.context, 1);
  ASSERT_TRUE(OpenFor("a", one_.context, one_.flows));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(OpenFor("a", one_.context, one_.flows));
  EXPECT_EQ(shared_.tenant_flows.tenants(), 1U);
}

TEST_F(TenantFlowsTest, ALoweredLimitClosesNothingAndRefusesFurtherOnes) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(OpenFor("a", one_.context, one_.flows));
  SetLimit(one_.context, 1);
  EXPECT_EQ(one_.flows.pool().size(), 3U);
  EXPECT_FALSE(OpenFor("a", one_.context, one_.flows));
}

TEST_F(TenantFlowsTest, CallersWithoutANameAreNotLimited) {
  SetLimit(one_.context, 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(OpenFor("", one_.context, one_.flows));
}

TEST_F(ShardFlowsTest, ATenantsReportKeepsAHostBackForAMinuteAtMost) {
  const auto report = [this](std::string_view address, const std::string& tenant) {
    const Target remote{{Address(address), 5060}, Transport::kTcp};
    const auto flow = *flows_.Open({.remote = remote, .owner = {.tenant = tenant}}, {context_.NextNumber()},
                                   {Address("127.0.0.2"), 40000}, true, kNow);
    EXPECT_TRUE(flows_.Report({.flow = flow->id,
                               .outcome = TransactionReport::Outcome::kServiceUnavailable,
                               .rtt = std::nullopt,
                               .retry_after = std::chrono::minutes(30)},
                              {}, kNow));
    return [this, path = flow->path()](Duration later) { return state_.history.Judge(path, kNow + later).unavailable; };
  };
  const auto of_tenant = report("203.0.113.1", "a");
  EXPECT_TRUE(of_tenant(std::chrono::seconds(59)));
  EXPECT_FALSE(of_tenant(std::chrono::seconds(61)));
  const auto of_operator = report("203.0.113.2", "");
  EXPECT_TRUE(of_operator(std::chrono::minutes(29)));
}

TEST_F(ShardFlowsTest, AnAddressThatIsBackBeforeTheShardLooksHasLostNothing) {
  HostHas({kEth0});
  const flow::FlowId id = Open("192.0.2.1");
  state_.networks.Update({});
  HostHas({kEth0});
  EXPECT_NE(flows_.pool().Find(id), nullptr);
}

}  // namespace
}  // namespace flowbroker::engine
