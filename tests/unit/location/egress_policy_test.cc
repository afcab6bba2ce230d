#include "broker/location/egress_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace flowbroker::location {
namespace {

EgressRule Rule(std::string_view text) {
  auto rule = EgressRule::Parse(text);
  if (!rule) throw std::invalid_argument(std::string(text));
  return *std::move(rule);
}

Endpoint At(std::string_view address, std::uint16_t port = 5060) {
  return {*IpAddress::Parse(address), port};
}

// What can be written.

TEST(EgressRuleTest, ReadsAddressesPrefixesAndPorts) {
  EXPECT_EQ(Rule("10.0.0.0/8").ToString(), "10.0.0.0/8");
  EXPECT_EQ(Rule("192.0.2.1").ToString(), "192.0.2.1/32");
  EXPECT_EQ(Rule("192.0.2.1:5060").ToString(), "192.0.2.1/32:5060");
  EXPECT_EQ(Rule("10.0.0.0/8:5060-5080").ToString(), "10.0.0.0/8:5060-5080");
  EXPECT_EQ(Rule("2001:db8::/32").ToString(), "2001:db8::/32");
  EXPECT_EQ(Rule("::1").ToString(), "::1/128");
  EXPECT_EQ(Rule("[2001:db8::1]").ToString(), "2001:db8::1/128");
  EXPECT_EQ(Rule("[2001:db8::/32]:5060-5080").ToString(), "[2001:db8::/32]:5060-5080");
  EXPECT_EQ(Rule("0.0.0.0/0").ToString(), "0.0.0.0/0");
}

TEST(EgressRuleTest, WhatItWritesItReads) {
  for (const char* text : {"10.0.0.0/8", "192.0.2.1:5060", "[2001:db8::/32]:1-65535", "::/0", "0.0.0.0/0:0"}) {
    EXPECT_EQ(Rule(Rule(text).ToString()), Rule(text)) << text;
  }
}

TEST(EgressRuleTest, RefusesWhatSaysSomethingElseThanItsAuthorThinks) {
  for (const char* text : {
           "",
           " ",
           "10.0.0.0/8 ",
           " 10.0.0.0/8",
           "10.0.0.0/33",
           "10.0.0.0/-1",
           "10.0.0.0/-0",
           "10.0.0.0/+8",
           "10.0.0.0/",
           "/8",
           "10.0.0/8",
           "10.0.0.0/8/8",
           "010.0.0.0/8x",
           "0x7f.0.0.1",
           "127.1",
           "2130706433",
           "10.1.2.3/8",
           "[2001:db8::1/32]",
           "2001:db8::1/32",  // host bits
           "10.0.0.0/8:",
           "10.0.0.0/8:-",
           "10.0.0.0/8:5060-",
           "10.0.0.0/8:-5060",
           "10.0.0.0/8:5080-5060",
           "10.0.0.0/8:65536",
           "10.0.0.0/8:5060-65536",
           "10.0.0.0/8:5060-5061-5062",
           "10.0.0.0/8:sip",
           "10.0.0.0:5060/8",
           "10.0.0.0/8:5060,5061",
           "10.0.0.0/8: 5060",
           "2001:db8::/32:5060",
           "[2001:db8::/32",
           "2001:db8::/32]",
           "[2001:db8::/32]5060",
           "[2001:db8::/32]:",
           "[[::1]]",
           "[]",
           "[]:5060",
           "[::1]/128",
           "::/129",
           "fe80::1%eth0",
           "example.org",
           "*",
           "localhost:5060",
           "::ffff:10.0.0.0/104",
           "::ffff:127.0.0.1",
           "[::ffff:7f00:0/104]:5060",  // no target looks like that
       }) {
    const auto rule = EgressRule::Parse(text);
    ASSERT_FALSE(rule) << text << " was read as " << rule->ToString();
    EXPECT_EQ(rule.error().reason, FailureReason::kInvalidArgument);
    EXPECT_NE(rule.error().detail.find("expected"), std::string::npos) << rule.error().detail;
  }
}

TEST(EgressRuleTest, CoversPortsOfTheRangeOnly) {
  const EgressRule rule = Rule("192.0.2.0/24:5060-5061");
  EXPECT_FALSE(rule.Covers(At("192.0.2.1", 5059)));
  EXPECT_TRUE(rule.Covers(At("192.0.2.1", 5060)));
  EXPECT_TRUE(rule.Covers(At("192.0.2.255", 5061)));
  EXPECT_FALSE(rule.Covers(At("192.0.2.1", 5062)));
  EXPECT_FALSE(rule.Covers(At("192.0.3.0", 5060)));
}

TEST(EgressRuleTest, OneFamilyIsNotTheOther) {
  EXPECT_FALSE(Rule("::/0").Covers(At("192.0.2.1")));
  EXPECT_FALSE(Rule("0.0.0.0/0").Covers(At("2001:db8::1")));
}

// What is forbidden unless somebody allows it.

class BuiltInDenial : public ::testing::TestWithParam<const char*> {};

TEST_P(BuiltInDenial, IsForbiddenOnEveryPort) {
  for (const std::uint16_t port : {std::uint16_t{0}, std::uint16_t{80}, std::uint16_t{5060}, std::uint16_t{65535}}) {
    EXPECT_FALSE(EgressPolicy{}.Allows(At(GetParam(), port)));
  }
}

TEST_P(BuiltInDenial, IsAllowedByNameOnly) {
  EgressPolicy policy;
  policy.only_allowed = true;
  EXPECT_FALSE(policy.Allows(At(GetParam())));
  policy.allow = {Rule("0.0.0.0/0"), Rule("::/0")};
  EXPECT_TRUE(policy.Allows(At(GetParam())));
  policy.deny = {Rule("0.0.0.0/0"), Rule("::/0")};
  EXPECT_FALSE(policy.Allows(At(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(ThisHost, BuiltInDenial,
                         ::testing::Values("127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "::", "::1"));
INSTANTIATE_TEST_SUITE_P(ThisLink, BuiltInDenial,
                         ::testing::Values("169.254.0.1", "169.254.169.254", "169.254.170.2", "fe80::1", "febf::1",
                                           "fec0::1", "224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1",
                                           "ff0e::1"));
INSTANTIATE_TEST_SUITE_P(Metadata, BuiltInDenial,
                         ::testing::Values("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254",
                                           "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe"));
INSTANTIATE_TEST_SUITE_P(InIpv6Clothes, BuiltInDenial,
                         ::testing::Values("::ffff:127.0.0.1", "::ffff:0.0.0.0", "::ffff:169.254.169.254",
                                           "::127.0.0.1", "::169.254.169.254", "::ffff:0:127.0.0.1",
                                           "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::0.0.0.0",
                                           "64:ff9b:1::127.0.0.1", "64:ff9b:1:ffff::169.254.169.254", "2002:7f00:1::",
                                           "2002:7fff:ffff:1::1", "2002:a9fe:a9fe::1", "2002:e000:1::1"));

TEST(EgressPolicyTest, AllowsWherePeersLive) {
  for (const char* address :
       {"192.0.2.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "223.255.255.255", "2001:db8::1", "fc00::1", "fd00::1", "fe00::1",
        "64:ff9b::192.0.2.1", "::ffff:192.0.2.1", "2002:c000:201::1", "::192.0.2.1"}) {
    EXPECT_TRUE(EgressPolicy{}.Allows(At(address))) << address;
  }
}

// What operators write.

TEST(EgressPolicyTest, DenyComesBeforeAllow) {
  const EgressPolicy policy{.allow = {Rule("10.0.0.0/8")}, .deny = {Rule("10.0.0.1")}};
  EXPECT_FALSE(policy.Allows(At("10.0.0.1")));
  EXPECT_TRUE(policy.Allows(At("10.0.0.2")));
}

TEST(EgressPolicyTest, AnAllowedPortOpensNoOther) {
  const EgressPolicy policy{.allow = {Rule("127.0.0.1:5060")}};
  EXPECT_TRUE(policy.Allows(At("127.0.0.1", 5060)));
  EXPECT_FALSE(policy.Allows(At("127.0.0.1", 22)));
  EXPECT_FALSE(policy.Allows(At("127.0.0.2", 5060)));
}

TEST(EgressPolicyTest, OnlyAllowedWithoutRulesAllowsNothing) {
  const EgressPolicy policy{.only_allowed = true};
  EXPECT_FALSE(policy.Allows(At("192.0.2.1")));
  EXPECT_FALSE(policy.Allows(At("2001:db8::1")));
}

TEST(EgressPolicyTest, OnlyAllowedHoldsForEveryClothing) {
  const EgressPolicy policy{.allow = {Rule("::/0")}, .only_allowed = true};
  EXPECT_TRUE(policy.Allows(At("2001:db8::1")));
  EXPECT_FALSE(policy.Allows(At("64:ff9b::192.0.2.1"))) << "IPv4 is not allowed";
  EXPECT_FALSE(policy.Allows(At("192.0.2.1")));
}

TEST(EgressPolicyTest, AnIpv4RuleHoldsForWhatStandsForIt) {
  const EgressPolicy policy{.deny = {Rule("10.0.0.0/8")}};
  for (const char* address : {"10.1.2.3", "::ffff:10.1.2.3", "::10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1"}) {
    EXPECT_FALSE(policy.Allows(At(address))) << address;
  }
}

TEST(EgressPolicyTest, LoopbackOfIpv6IsNoIpv4AddressInDisguise) {
  const EgressPolicy policy{.allow = {Rule("::1")}};
  EXPECT_TRUE(policy.Allows(At("::1")));
  EXPECT_FALSE(policy.Allows(At("::2"))) << "IPv4-compatible: 0.0.0.2";
}

TEST(EgressPolicyTest, AllowingTheDisguiseDoesNotAllowWhatIsInIt) {
  const EgressPolicy policy{.allow = {Rule("64:ff9b::/96"), Rule("2002::/16")}};
  EXPECT_FALSE(policy.Allows(At("64:ff9b::127.0.0.1")));
  EXPECT_FALSE(policy.Allows(At("2002:7f00:1::1")));
}

}  // namespace
}  // namespace flowbroker::location
