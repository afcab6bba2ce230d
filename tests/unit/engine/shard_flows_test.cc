#include "broker/engine/shard_flows.h"

#include <gtest/gtest.h>

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
  ShardFlows flows_{context_, [this](const flow::Flow&, const Failure& why, TimePoint) { ends_.push_back(why); }};
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

TEST_F(ShardFlowsTest, AnAddressThatIsBackBeforeTheShardLooksHasLostNothing) {
  HostHas({kEth0});
  const flow::FlowId id = Open("192.0.2.1");
  state_.networks.Update({});
  HostHas({kEth0});
  EXPECT_NE(flows_.pool().Find(id), nullptr);
}

}  // namespace
}  // namespace flowbroker::engine
