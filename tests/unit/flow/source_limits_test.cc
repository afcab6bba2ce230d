#include "broker/flow/source_limits.h"

#include <gtest/gtest.h>

namespace flowbroker::flow {
namespace {

using Verdict = SourceLimits::Verdict;

IpAddress Address(const char* text) {
  return *IpAddress::Parse(text);
}

TEST(SourceLimitsTest, OneSourceLeavesTheOthersTheirRoom) {  // N3
  SourceLimits limits({.max_connections = 10, .max_connections_per_source = 2});
  EXPECT_EQ(limits.Admit(Address("192.0.2.1")), Verdict::kAdmitted);
  EXPECT_EQ(limits.Admit(Address("192.0.2.1")), Verdict::kAdmitted);
  EXPECT_EQ(limits.Admit(Address("192.0.2.1")), Verdict::kTooManyFromSource);
  EXPECT_EQ(limits.Admit(Address("192.0.2.2")), Verdict::kAdmitted);
  EXPECT_EQ(limits.connections(), 3U);
}

TEST(SourceLimitsTest, AnIpv6SourceIsItsSlash64) {
  SourceLimits limits({.max_connections = 10, .max_connections_per_source = 1});
  EXPECT_EQ(limits.Admit(Address("2001:db8::1")), Verdict::kAdmitted);
  EXPECT_EQ(limits.Admit(Address("2001:db8::2")), Verdict::kTooManyFromSource);
  EXPECT_EQ(limits.Admit(Address("2001:db8:0:1::1")), Verdict::kAdmitted);
}

TEST(SourceLimitsTest, WhoIsRefusedIsNotRememberedAndWhoLeavesMakesRoom) {
  SourceLimits limits({.max_connections = 1, .max_connections_per_source = 1});
  EXPECT_EQ(limits.Admit(Address("192.0.2.1")), Verdict::kAdmitted);
  EXPECT_EQ(limits.Admit(Address("192.0.2.2")), Verdict::kTooMany);
  EXPECT_EQ(limits.sources(), 1U);
  limits.Release(Address("192.0.2.1"));
  EXPECT_EQ(limits.sources(), 0U);
  EXPECT_EQ(limits.connections(), 0U);
  EXPECT_EQ(limits.Admit(Address("192.0.2.2")), Verdict::kAdmitted);
}

TEST(SourceLimitsTest, AReleaseOfNobodyChangesNothing) {
  SourceLimits limits({.max_connections = 1, .max_connections_per_source = 1});
  limits.Release(Address("192.0.2.1"));
  EXPECT_EQ(limits.connections(), 0U);
}

}  // namespace
}  // namespace flowbroker::flow
