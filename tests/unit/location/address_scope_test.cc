#include "broker/location/address_scope.h"

#include <gtest/gtest.h>

namespace flowbroker::location {
namespace {

AddressScope Scope(const char* address) {
  return ScopeOf(*IpAddress::Parse(address));
}

TEST(AddressScopeTest, FollowsRfc6724Section3) {
  for (const char* address : {"fe80::1", "febf::1", "::1", "127.0.0.1", "127.255.0.1", "169.254.1.1", "ff02::1"}) {
    EXPECT_EQ(Scope(address), AddressScope::kLinkLocal) << address;
  }
  for (const char* address : {"fec0::1", "feff::1", "ff05::1"}) {
    EXPECT_EQ(Scope(address), AddressScope::kSiteLocal) << address;
  }
  for (const char* address :
       {"2001:db8::1", "fd00::1", "fe00::1", "::2", "10.0.0.1", "192.168.0.1", "169.253.0.1", "ff0e::1"}) {
    EXPECT_EQ(Scope(address), AddressScope::kGlobal) << address;
  }
}

TEST(AddressScopeTest, OnlyUnicastAddressesAreDestinations) {
  for (const char* address : {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
                              "::", "ff02::1", "::ffff:192.0.2.1", "::ffff:0.0.0.0"}) {
    EXPECT_FALSE(IsUsableDestination(*IpAddress::Parse(address))) << address;
  }
  for (const char* address : {"127.0.0.1", "10.0.0.1", "223.255.255.255", "::1", "fe80::1", "2001:db8::1", "fd00::1"}) {
    EXPECT_TRUE(IsUsableDestination(*IpAddress::Parse(address))) << address;
  }
}

}  // namespace
}  // namespace flowbroker::location
