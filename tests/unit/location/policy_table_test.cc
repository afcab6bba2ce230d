#include "broker/location/policy_table.h"

#include <gtest/gtest.h>

namespace flowbroker::location {
namespace {

struct Row {
  const char* address;
  int precedence;
  int label;
};

// RFC 6724 s.2.1: each prefix with an address inside and, where one is near, one just outside.
constexpr Row kRows[] = {
    {"::1", 50, 0},
    {"::2", 1, 3},
    {"::192.0.2.1", 1, 3},
    {"::1:0:0", 40, 1},
    {"192.0.2.1", 35, 4},
    {"::ffff:192.0.2.1", 35, 4},
    {"2001:db8::1", 40, 1},
    {"2001::1", 5, 5},
    {"2001:0:ffff::1", 5, 5},
    {"2001:1::1", 40, 1},
    {"2002:c633:6401::1", 30, 2},
    {"2003::1", 40, 1},
    {"3ffe::1", 1, 12},
    {"3fff::1", 40, 1},
    {"fc00::1", 3, 13},
    {"fdff::1", 3, 13},
    {"fe00::1", 40, 1},
    {"fe80::1", 40, 1},
    {"fec0::1", 1, 11},
    {"feff::1", 1, 11},
    {"ff02::1", 40, 1},
};

TEST(PolicyTableTest, IsTheDefaultTableOfRfc6724) {
  for (const Row& row : kRows) {
    const AddressPolicy policy = PolicyOf(*IpAddress::Parse(row.address));
    EXPECT_EQ(policy.precedence, row.precedence) << row.address;
    EXPECT_EQ(policy.label, row.label) << row.address;
  }
}

}  // namespace
}  // namespace flowbroker::location
