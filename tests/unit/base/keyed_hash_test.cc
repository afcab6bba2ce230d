#include "broker/base/keyed_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace flowbroker {
namespace {

// The key of octets 0 to 15 over the octets 0, 1, 2 ..: from the appendix of the SipHash paper and its reference code.
TEST(KeyedHashTest, IsSipHash24) {
  const KeyedHash hash(0x0706050403020100U, 0x0f0e0d0c0b0a0908U);
  std::string text;
  EXPECT_EQ(hash(text), 0x726fdb47dd0e0e31U);
  for (char octet = 0; octet < 15; ++octet) text += octet;
  EXPECT_EQ(hash(text), 0xa129ca6149be45e5U);
  EXPECT_EQ(hash(text.substr(0, 8)), 0x93f5f5799a932462U);
}

TEST(KeyedHashTest, AnotherKeyGivesAnotherHash) {
  EXPECT_NE(KeyedHash(1, 2)("alice"), KeyedHash(1, 3)("alice"));
}

}  // namespace
}  // namespace flowbroker
