#include "broker/location/address_ordering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_source_addresses.h"

namespace flowbroker::location {
namespace {

// A destination and the source the host would use towards it; "" stands for no source.
struct Route {
  const char* destination;
  const char* source;
  bool deprecated = false;
  bool home = false;
  bool encapsulated = false;
};

// `better` must come before `worse`, whatever the order they are given in, and `rule` must be what decides.
struct Case {
  Route better;
  Route worse;
  int rule;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.better.destination << " before " << c.worse.destination << " by rule " << c.rule;
}

void SetRoute(testing::FakeSourceAddresses& sources, const Route& route) {
  std::optional<SourceAddress> source;
  if (const auto address = IpAddress::Parse(route.source)) {
    source = SourceAddress{*address, route.deprecated, route.home, route.encapsulated};
  }
  sources.Set(*IpAddress::Parse(route.destination), source);
}

class AddressOrderingTest : public ::testing::TestWithParam<Case> {};

TEST_P(AddressOrderingTest, PutsTheBetterDestinationFirstByTheRule) {  // D2, RFC 6724 s.6
  const Case& c = GetParam();
  testing::FakeSourceAddresses sources;
  SetRoute(sources, c.better);
  SetRoute(sources, c.worse);
  const IpAddress better = *IpAddress::Parse(c.better.destination);
  const IpAddress worse = *IpAddress::Parse(c.worse.destination);
  for (const auto& given : {std::vector{better, worse}, std::vector{worse, better}}) {
    const std::vector<OrderedAddress> ordered = OrderDestinations(given, sources);
    ASSERT_EQ(ordered.size(), 2U);
    EXPECT_EQ(ordered[0].address, better);
    EXPECT_EQ(ordered[0].deciding_rule, 0);
    EXPECT_EQ(ordered[1].address, worse);
    EXPECT_EQ(ordered[1].deciding_rule, c.rule);
  }
}

// RFC 6724 s.10.2, with the source that s.10.1 selects for each destination.
INSTANTIATE_TEST_SUITE_P(
    ExamplesOfRfc6724, AddressOrderingTest,
    ::testing::Values(Case{{"2001:db8:1::2", "2001:db8:1::1"}, {"198.51.100.121", "169.254.13.78"}, 2},
                      Case{{"198.51.100.121", "198.51.100.117"}, {"2001:db8:1::1", "fe80::1"}, 2},
                      Case{{"2001:db8:1::2", "2001:db8:1::1"}, {"10.1.2.3", "10.1.2.4"}, 6},
                      Case{{"fe80::1", "fe80::2"}, {"2001:db8:1::1", "2001:db8:1::2"}, 8},
                      Case{{"2001:db8:1::1", "2001:db8:3::1", false, true}, {"fe80::1", "fe80::2"}, 4},
                      Case{{"2001:db8:1::1", "2001:db8:1::2"}, {"fe80::1", "fe80::2", true}, 3},
                      Case{{"2001:db8:1::1", "2001:db8:1::2"}, {"2001:db8:3ffe::1", "2001:db8:3f44::2"}, 9},
                      Case{{"2002:c633:6401::1", "2002:c633:6401::2"}, {"2001:db8:1::1", "2002:c633:6401::2"}, 5},
                      Case{{"2001:db8:1::1", "2001:db8:1::2"}, {"2002:c633:6401::1", "2002:c633:6401::2"}, 6}));

// Each rule alone, and before each later rule that says the opposite.
INSTANTIATE_TEST_SUITE_P(Rule1AvoidsUnusable, AddressOrderingTest,
                         ::testing::Values(Case{{"192.0.2.1", "198.51.100.1"}, {"2001:db8::1", ""}, 1},
                                           Case{{"2001:db8::1", "2001:db8::9"}, {"192.0.2.1", ""}, 1},
                                           Case{{"2001:db8::1", "fe80::1", true}, {"2001:db8::2", ""}, 1},
                                           // Neither has a source: what the destinations themselves say still counts.
                                           Case{{"2001:db8::1", ""}, {"192.0.2.1", ""}, 6},
                                           Case{{"fe80::1", ""}, {"2001:db8::1", ""}, 8}));

INSTANTIATE_TEST_SUITE_P(Rule2PrefersMatchingScope, AddressOrderingTest,
                         ::testing::Values(Case{{"2001:db8::1", "2001:db8::9", true}, {"2001:db8::2", "fe80::9"}, 2},
                                           Case{{"10.0.0.1", "10.0.0.2"}, {"192.0.2.1", "169.254.0.1"}, 2},
                                           Case{{"127.0.0.1", "127.0.0.1"}, {"2001:db8::1", "fe80::1"}, 2},
                                           Case{{"fec0::1", "fec0::2"}, {"2001:db8::1", "fec0::2"}, 2}));

INSTANTIATE_TEST_SUITE_P(
    Rule3AvoidsDeprecated, AddressOrderingTest,
    ::testing::Values(Case{{"192.0.2.1", "198.51.100.1"}, {"2001:db8::1", "2001:db8::9", true}, 3},
                      Case{{"2001:db8::1", "2001:db8::9"}, {"2001:db8::2", "2001:db8::8", true, true}, 3}));

INSTANTIATE_TEST_SUITE_P(Rule4PrefersHome, AddressOrderingTest,
                         ::testing::Values(Case{
                             {"2001:db8::1", "2002::9", false, true}, {"2001:db8::2", "2001:db8::8"}, 4}));

INSTANTIATE_TEST_SUITE_P(Rule5PrefersMatchingLabel, AddressOrderingTest,
                         ::testing::Values(Case{{"192.0.2.1", "198.51.100.1"}, {"2001:db8::1", "2002:c633:6401::2"}, 5},
                                           Case{{"fd00::1", "fd00::2"}, {"2001:db8::1", "fd00::2"}, 5},
                                           Case{{"192.0.2.1", "10.0.0.1"}, {"2001:db8::1", "2001::1"}, 5}));

INSTANTIATE_TEST_SUITE_P(
    Rule6PrefersHigherPrecedence, AddressOrderingTest,
    ::testing::Values(Case{{"2001:db8::1", "2001:db8::9", false, false, true}, {"192.0.2.1", "198.51.100.1"}, 6},
                      Case{{"192.0.2.1", "10.0.0.1"}, {"fd00::1", "fd00::2"}, 6},
                      Case{{"192.0.2.1", "10.0.0.1"}, {"2002::1", "2002::2"}, 6},
                      Case{{"2002::1", "2002::2"}, {"2001::1", "2001::2"}, 6},
                      Case{{"::1", "::1"}, {"127.0.0.1", "127.0.0.1"}, 6},
                      Case{{"::1", "::1"}, {"fe80::1", "fe80::2"}, 6}));

INSTANTIATE_TEST_SUITE_P(
    Rule7PrefersNativeTransport, AddressOrderingTest,
    ::testing::Values(Case{{"2001:db8::1", "2001:db8::9"}, {"fe80::1", "fe80::2", false, false, true}, 7},
                      Case{{"192.0.2.1", "198.51.100.1"}, {"192.0.2.2", "10.0.0.1", false, false, true}, 7}));

INSTANTIATE_TEST_SUITE_P(Rule8PrefersSmallerScope, AddressOrderingTest,
                         ::testing::Values(Case{{"fe80::1", "fe80::ffff"}, {"2001:db8::1", "2001:db8::2"}, 8},
                                           Case{{"127.0.0.1", "127.0.0.1"}, {"192.0.2.1", "192.0.2.2"}, 8},
                                           Case{{"169.254.0.1", "169.254.0.2"}, {"10.0.0.1", "10.0.0.2"}, 8}));

INSTANTIATE_TEST_SUITE_P(Rule9UsesLongestPrefix, AddressOrderingTest,
                         ::testing::Values(Case{
                             {"2001:db8:1::1", "2001:db8:1::9"}, {"2001:db8:2::1", "2001:db8:1::9"}, 9}));

std::vector<std::string> Order(const std::vector<const char*>& given, const testing::FakeSourceAddresses& sources) {
  std::vector<IpAddress> addresses;
  addresses.reserve(given.size());
  for (const char* text : given) addresses.push_back(*IpAddress::Parse(text));
  std::vector<std::string> names;
  for (const OrderedAddress& ordered : OrderDestinations(addresses, sources)) {
    names.push_back(ordered.address.ToString());
  }
  return names;
}

using Strings = std::vector<std::string>;

TEST(OrderDestinationsTest, Rule9LeavesIpv4Alone) {
  testing::FakeSourceAddresses sources;
  sources.SetIpv4(SourceAddress{*IpAddress::Parse("192.0.2.1")});
  EXPECT_EQ(Order({"10.0.0.1", "192.0.2.2"}, sources), (Strings{"10.0.0.1", "192.0.2.2"}));
}

TEST(OrderDestinationsTest, Rule9LooksAtTheNetworkPartOnly) {
  testing::FakeSourceAddresses sources;
  sources.SetIpv6(SourceAddress{*IpAddress::Parse("2001:db8::1")});
  EXPECT_EQ(Order({"2001:db8::f000", "2001:db8::2"}, sources), (Strings{"2001:db8::f000", "2001:db8::2"}));
}

TEST(OrderDestinationsTest, Rule10KeepsTheOrderOfEquals) {
  const testing::FakeSourceAddresses sources;
  const std::vector<OrderedAddress> ordered = OrderDestinations(
      {*IpAddress::Parse("192.0.2.3"), *IpAddress::Parse("192.0.2.1"), *IpAddress::Parse("192.0.2.2")}, sources);
  EXPECT_EQ(ordered[0].address.ToString(), "192.0.2.3");
  EXPECT_EQ(ordered[1].address.ToString(), "192.0.2.1");
  EXPECT_EQ(ordered[2].address.ToString(), "192.0.2.2");
  EXPECT_EQ(ordered[1].deciding_rule, 10);
}

TEST(OrderDestinationsTest, KeepsTheSourceOfEachDestination) {
  const testing::FakeSourceAddresses sources;
  const auto ordered = OrderDestinations({*IpAddress::Parse("192.0.2.3"), *IpAddress::Parse("2001:db8::1")}, sources);
  EXPECT_EQ(ordered[0].source->address.ToString(), "2001:db8:ffff::1");
  EXPECT_EQ(ordered[1].source->address.ToString(), "198.51.100.1");
}

TEST(OrderDestinationsTest, NothingComesOfNothing) {
  EXPECT_TRUE(OrderDestinations({}, testing::FakeSourceAddresses()).empty());
}

bool IpMayPrecede(AddressFamily outstanding, const Route& known) {
  testing::FakeSourceAddresses sources;
  SetRoute(sources, known);
  return MayPrecede(outstanding, OrderDestinations({*IpAddress::Parse(known.destination)}, sources).at(0));
}

TEST(MayPrecedeTest, Ipv6MayAlwaysPrecedeIpv4) {
  EXPECT_TRUE(IpMayPrecede(AddressFamily::kIpv6, {"192.0.2.1", "198.51.100.1"}));
  EXPECT_TRUE(IpMayPrecede(AddressFamily::kIpv6, {"127.0.0.1", "127.0.0.1"}));
}

TEST(MayPrecedeTest, Ipv4CannotPrecedeAnOrdinaryIpv6Address) {
  EXPECT_FALSE(IpMayPrecede(AddressFamily::kIpv4, {"2001:db8::1", "2001:db8::9"}));
  EXPECT_FALSE(IpMayPrecede(AddressFamily::kIpv4, {"::1", "::1"}));
}

TEST(MayPrecedeTest, Ipv4MayPrecedeAnIpv6AddressWithoutSuitableSource) {
  EXPECT_TRUE(IpMayPrecede(AddressFamily::kIpv4, {"2001:db8::1", ""}));
  EXPECT_TRUE(IpMayPrecede(AddressFamily::kIpv4, {"2001:db8::1", "fe80::1"}));
  EXPECT_TRUE(IpMayPrecede(AddressFamily::kIpv4, {"2001:db8::1", "2001:db8::9", true}));
  EXPECT_TRUE(IpMayPrecede(AddressFamily::kIpv4, {"2001:db8::1", "2002::1"}));
  EXPECT_TRUE(IpMayPrecede(AddressFamily::kIpv4, {"fd00::1", "fd00::2"}));
}

}  // namespace
}  // namespace flowbroker::location
