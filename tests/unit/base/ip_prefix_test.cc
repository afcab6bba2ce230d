#include "broker/base/ip_prefix.h"

#include <gtest/gtest.h>

namespace flowbroker {
namespace {

IpAddress Address(const char* text) {
  return *IpAddress::Parse(text);
}

TEST(IpPrefixTest, OfClearsTheHostBits) {
  EXPECT_EQ(IpPrefix::Of(Address("192.0.2.255"), 25).ToString(), "192.0.2.128/25");
  EXPECT_EQ(IpPrefix::Of(Address("192.0.2.255"), 0).ToString(), "0.0.0.0/0");
  EXPECT_EQ(IpPrefix::Of(Address("192.0.2.255"), 32).ToString(), "192.0.2.255/32");
  EXPECT_EQ(IpPrefix::Of(Address("2001:db8:1:ffff::1"), 49).ToString(), "2001:db8:1:8000::/49");
  EXPECT_EQ(IpPrefix::Of(Address("2001:db8::1"), 128).ToString(), "2001:db8::1/128");
}

TEST(IpPrefixTest, ParseReadsWhatToStringWrites) {
  for (const char* text : {"192.0.2.0/24", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/48", "::/0", "2001:db8::1/128"}) {
    const auto prefix = IpPrefix::Parse(text);
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(prefix->ToString(), text);
  }
}

TEST(IpPrefixTest, ParseRefusesEverythingElse) {
  for (const char* text :
       {"", "/", "/24", "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+1", "192.0.2.0/2x",
        "192.0.2.0/24 ", "2001:db8::/129", "a.org/24", "192.0.2/24", "192.0.2.0/99999999999"}) {
    EXPECT_FALSE(IpPrefix::Parse(text)) << text;
  }
}

TEST(IpPrefixTest, ContainsAddressesOfItsFamilyOnly) {
  const IpPrefix prefix = *IpPrefix::Parse("192.0.2.0/24");
  EXPECT_TRUE(prefix.Contains(Address("192.0.2.200")));
  EXPECT_FALSE(prefix.Contains(Address("192.0.3.1")));
  EXPECT_FALSE(prefix.Contains(Address("::ffff:192.0.2.1")));
  EXPECT_FALSE(IpPrefix::Parse("::/0")->Contains(Address("192.0.2.1")));
}

TEST(IpPrefixTest, OverlapIsSymmetric) {
  const IpPrefix wide = *IpPrefix::Parse("192.0.0.0/16");
  const IpPrefix narrow = *IpPrefix::Parse("192.0.2.0/24");
  const IpPrefix other = *IpPrefix::Parse("198.51.100.0/24");
  EXPECT_TRUE(wide.Overlaps(narrow));
  EXPECT_TRUE(narrow.Overlaps(wide));
  EXPECT_TRUE(narrow.Overlaps(narrow));
  EXPECT_FALSE(narrow.Overlaps(other));
  EXPECT_FALSE(other.Overlaps(wide));
}

}  // namespace
}  // namespace flowbroker
