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

TEST(RouteSourceSelectorTest, FixedLocalAddressIsTheOnlySource) {
  const RouteSourceSelector selector(Address("127.0.0.2"));
  const auto source = selector.SourceFor(Address("127.0.0.1"));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->address, Address("127.0.0.2"));
  EXPECT_FALSE(selector.SourceFor(Address("::1")));
}

TEST(RouteSourceSelectorTest, ForeignLocalAddressGivesNoSource) {
  const RouteSourceSelector selector(Address("203.0.113.77"));
  EXPECT_FALSE(selector.SourceFor(Address("127.0.0.1")));
}

}  // namespace
}  // namespace flowbroker::net
