// The local side that a request is bound to decides the order and the source of its targets (H9, RFC 6724 rule 1).

#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kDualStack = R"(
  dual.example.org A 192.0.2.10
  dual.example.org AAAA 2001:db8::10
)";

Location DualStackLocation(LocalBinding local) {
  Location location(kDualStack);
  location.request.destination = Uri("dual.example.org", 5060, Transport::kTcp);
  location.request.local = std::move(local);
  location.sources.Interface("ipv4-only").SetIpv4(SourceAddress{*IpAddress::Parse("10.0.0.1")});
  location.sources.Interface("ipv4-only").SetIpv6(std::nullopt);
  return location;
}

TEST(LocateBindingTest, WithoutOneTheHostDecides) {
  const ServerLocator locator = DualStackLocation({}).Run();
  EXPECT_EQ(Names(locator), (Strings{"TCP [2001:db8::10]:5060", "TCP 192.0.2.10:5060"}));
}

TEST(LocateBindingTest, AFamilyThatTheInterfaceLacksComesLast) {
  const ServerLocator locator = DualStackLocation({.interface = "ipv4-only"}).Run();
  EXPECT_EQ(Names(locator), (Strings{"TCP 192.0.2.10:5060", "TCP [2001:db8::10]:5060"}));
  EXPECT_EQ(locator.targets()[0].source, IpAddress::Parse("10.0.0.1"));
  EXPECT_FALSE(locator.targets()[1].source);
}

TEST(LocateBindingTest, AWantedAddressIsTheSource) {
  Location location = DualStackLocation({.address = IpAddress::Parse("198.51.100.77")});
  location.request.allow_ipv6 = false;
  const ServerLocator locator = location.Run();
  ASSERT_EQ(Names(locator), (Strings{"TCP 192.0.2.10:5060"}));
  EXPECT_EQ(locator.targets()[0].source, IpAddress::Parse("198.51.100.77"));
}

TEST(LocateBindingTest, ANumericHostIsReachedFromTheWantedSide) {
  Location location = DualStackLocation({.interface = "ipv4-only"});
  location.request.destination = Uri("192.0.2.99", 5060, Transport::kTcp);
  EXPECT_EQ(location.Run().targets().at(0).source, IpAddress::Parse("10.0.0.1"));
}

TEST(LocateBindingTest, AnUnknownInterfaceLeavesTheTargetsWithoutSource) {
  const ServerLocator locator = DualStackLocation({.interface = "gone"}).Run();
  ASSERT_EQ(locator.targets().size(), 2U);
  for (const LocatedTarget& located : locator.targets()) EXPECT_FALSE(located.source);
}

}  // namespace
}  // namespace flowbroker::location
