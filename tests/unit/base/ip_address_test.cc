#include "broker/base/ip_address.h"

#include <gtest/gtest.h>

namespace flowbroker {
namespace {

TEST(IpAddressTest, ReadsBothFamiliesAndBrackets) {
  EXPECT_EQ(IpAddress::Parse("192.0.2.1")->ToString(), "192.0.2.1");
  EXPECT_EQ(IpAddress::Parse("2001:DB8:0::1")->ToString(), "2001:db8::1");
  EXPECT_EQ(IpAddress::Parse("[2001:db8::1]"), IpAddress::Parse("2001:db8::1"));
}

TEST(IpAddressTest, RefusesEverythingElse) {
  for (const char* text : {"", "[]", "[192.0.2.1]", "192.0.2", "192.0.2.256", "fe80::1%eth0", "example.org", "1.2.3.4 ",
                           "[::1", "0x7f.1.1.1"}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string_view("192.0.2.1\0x", 11)));
}

TEST(IpAddressTest, MapsIpv4IntoIpv6) {
  EXPECT_EQ(IpAddress::FromIpv6(IpAddress::Parse("192.0.2.1")->MappedOctets()), IpAddress::Parse("::ffff:192.0.2.1"));
}

TEST(IpAddressTest, CountsCommonLeadingBits) {
  EXPECT_EQ(CommonPrefixLength(*IpAddress::Parse("2001:db8::1"), *IpAddress::Parse("2001:db8::2")), 126);
  EXPECT_EQ(CommonPrefixLength(*IpAddress::Parse("10.0.0.0"), *IpAddress::Parse("10.0.0.0")), 32);
  EXPECT_EQ(CommonPrefixLength(*IpAddress::Parse("10.0.0.0"), *IpAddress::Parse("::1")), 0);
}

TEST(EndpointTest, BracketsIpv6) {
  EXPECT_EQ((Endpoint{*IpAddress::Parse("2001:db8::1"), 5061}.ToString()), "[2001:db8::1]:5061");
  EXPECT_EQ((Endpoint{*IpAddress::Parse("192.0.2.1"), 5060}.ToString()), "192.0.2.1:5060");
}

}  // namespace
}  // namespace flowbroker
