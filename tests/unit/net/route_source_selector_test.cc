#include "broker/net/route_source_selector.h"

#include <gtest/gtest.h>

namespace flowbroker::net {
namespace {

IpAddress Address(std::string_view text) {
  return *IpAddress::Parse(text);
}

TEST(RouteSourceSelectorTest, LoopbackIsReachedFromLoopback) {
  const RouteSourceSelector selector;
  const auto source = selector.SourceFor(Address("127.0.0.1"));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->address, Address("127.0.0.1"));
  EXPECT_FALSE(source->deprecated);
  EXPECT_FALSE(source->encapsulated);
}

TEST(RouteSourceSelectorTest, EachDestinationIsAskedAfresh) {
  const RouteSourceSelector selector;
  const auto before = selector.SourceFor(Address("127.0.0.1"));
  (void)selector.SourceFor(Address("192.0.2.1"));  // whatever this host's routes say
  (void)selector.SourceFor(Address("::1"));
  const auto after = selector.SourceFor(Address("127.0.0.1"));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->address, after->address);
}

TEST(RouteSourceSelectorTest, Ipv6LoopbackWhereTheHostHasIt) {
  const RouteSourceSelector selector;
  const auto source = selector.SourceFor(Address("::1"));
  if (source) {
    EXPECT_EQ(source->address, Address("::1"));
  }
}

TEST(RouteSourceSelectorTest, LinkLocalDestinationHasNoSourceWithoutAZone) {
  const RouteSourceSelector selector;
  EXPECT_FALSE(selector.SourceFor(Address("fe80::1")));
}

// H9: the local side that a request is bound to decides.
TEST(RouteSourceSelectorTest, WantedLocalAddressIsTheOnlySource) {
  const RouteSourceSelector selector;
  const location::LocalBinding local{.address = Address("127.0.0.2")};
  const auto source = selector.BoundSourceFor(Address("127.0.0.1"), local);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->address, Address("127.0.0.2"));
  EXPECT_FALSE(selector.BoundSourceFor(Address("::1"), local));
}

TEST(RouteSourceSelectorTest, ForeignLocalAddressGivesNoSource) {
  const RouteSourceSelector selector;
  EXPECT_FALSE(selector.BoundSourceFor(Address("127.0.0.1"), {.address = Address("203.0.113.77")}));
}

TEST(RouteSourceSelectorTest, WantedInterfaceGivesItsOwnAddress) {
  const RouteSourceSelector selector;
  const auto source = selector.BoundSourceFor(Address("127.0.0.1"), {.interface = "lo"});
  ASSERT_TRUE(source);
  EXPECT_EQ(source->address, Address("127.0.0.1"));
  const location::LocalBinding both{.address = Address("127.0.0.2"), .interface = "lo"};
  EXPECT_EQ(selector.BoundSourceFor(Address("127.0.0.1"), both)->address, Address("127.0.0.2"));
}

TEST(RouteSourceSelectorTest, AnInterfaceThatIsNotThereGivesNoSource) {
  const RouteSourceSelector selector;
  EXPECT_FALSE(selector.BoundSourceFor(Address("127.0.0.1"), {.interface = "nosuchif0"}));
  EXPECT_FALSE(selector.BoundSourceFor(Address("127.0.0.1"), {.interface = std::string(200, 'x')}));
}

TEST(RouteSourceSelectorTest, ABoundQuestionDoesNotChangeTheNextUnboundOne) {
  const RouteSourceSelector selector;
  (void)selector.BoundSourceFor(Address("127.0.0.1"), {.address = Address("127.0.0.2")});
  EXPECT_EQ(selector.SourceFor(Address("127.0.0.1"))->address, Address("127.0.0.1"));
}

}  // namespace
}  // namespace flowbroker::net
