#include "broker/sip/via_header.h"

#include <gtest/gtest.h>

namespace flowbroker::sip {
namespace {

TEST(ViaHeaderTest, ReadsBranchAnywhere) {
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP a.example;branch=z9hG4bKx").branch, "z9hG4bKx");
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP a.example;rport;BRANCH = z9hG4bKx ;ttl=1").branch, "z9hG4bKx");
  EXPECT_EQ(ReadTopVia("SIP / 2.0\r\n /UDP\r\n  192.0.2.2;branch\r\n =\r\n 390sk").branch, "390sk");
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP a.example;xbranch=1;branch2=2").branch, "");
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP a.example").branch, "");
}

TEST(ViaHeaderTest, ABranchHasNoWhiteSpace) {
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP a;branch=z9hG4bKx junk").branch, "z9hG4bKx");
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP a;branch=z9hG4bK@1/=:x\r\n\tTo: folded by mistake").branch, "z9hG4bK@1/=:x");
}

TEST(ViaHeaderTest, StopsAtTheFirstComma) {
  const ViaHeader via = ReadTopVia("SIP/2.0/TCP a.example ;rport , SIP/2.0/UDP b.example;branch=z9hG4bKother");
  EXPECT_EQ(via.text, "SIP/2.0/TCP a.example ;rport");
  EXPECT_EQ(via.branch, "");
}

TEST(ViaHeaderTest, CommasAndSemicolonsInQuotesDoNotCount) {
  const ViaHeader via = ReadTopVia(R"(SIP/2.0/TCP a.example;x="a,b;branch=no\",;";branch=yes, SIP/2.0/UDP b.example)");
  EXPECT_EQ(via.text, R"(SIP/2.0/TCP a.example;x="a,b;branch=no\",;";branch=yes)");
  EXPECT_EQ(via.branch, "yes");
}

TEST(ViaHeaderTest, SurvivesEveryText) {
  for (const char* text : {"", ",", ";", "\"", "\"\\", ";;,;", ";branch", ";branch=", "=;=", ";branch=\"a"}) {
    const ViaHeader via = ReadTopVia(text);
    EXPECT_LE(via.branch.size(), via.text.size()) << text;
  }
}

// RFC 5118 s.4.5: `received` holds IPv6 with or without brackets.
TEST(ViaHeaderTest, Ipv6InParametersIsNotSeparated) {
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP [2001:db8::9:1]:5060;received=2001:db8::9:255;branch=z9hG4bKas3").branch,
            "z9hG4bKas3");
  EXPECT_EQ(ReadTopVia("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3").branch,
            "z9hG4bKas3");
}

Endpoint At(std::string_view address, std::uint16_t port) {
  return {IpAddress::Parse(address).value(), port};
}

bool IsBehindNat(std::string_view via, const Endpoint& source) {
  const std::optional<ViaSender> sender = ReadViaSender(via);
  EXPECT_TRUE(sender) << via;
  return StatesOtherAddress(sender.value(), source);
}

TEST(ViaSenderTest, ReadsSentByAndWhereItWasSeen) {
  const auto sender = ReadViaSender("SIP/2.0/UDP 10.1.1.1:4540;received=192.0.2.1;rport=9988;branch=z9hG4bKkjshdyff");
  ASSERT_TRUE(sender);
  EXPECT_EQ(sender->transport, Transport::kUdp);
  EXPECT_EQ(sender->host, "10.1.1.1");
  EXPECT_EQ(sender->address, IpAddress::Parse("10.1.1.1"));
  EXPECT_EQ(sender->port, 4540);
  EXPECT_EQ(sender->received, IpAddress::Parse("192.0.2.1"));
  EXPECT_TRUE(sender->wants_rport);
  EXPECT_EQ(sender->rport, 9988);
}

TEST(ViaSenderTest, ReadsWhatIsAbsentAsAbsent) {
  const auto sender = ReadViaSender("SIP/2.0/TLS pc33.example.org;branch=z9hG4bKx");
  ASSERT_TRUE(sender);
  EXPECT_EQ(sender->transport, Transport::kTls);
  EXPECT_EQ(sender->host, "pc33.example.org");
  EXPECT_EQ(sender->address, std::nullopt);
  EXPECT_EQ(sender->port, std::nullopt);
  EXPECT_EQ(sender->received, std::nullopt);
  EXPECT_FALSE(sender->wants_rport);
  EXPECT_TRUE(ReadViaSender("SIP/2.0/UDP a;rport")->wants_rport);
  EXPECT_EQ(ReadViaSender("SIP/2.0/UDP a;rport;rport=1")->rport, std::nullopt);
  EXPECT_EQ(ReadViaSender("SIP/2.0/WS a")->transport, std::nullopt);
}

// RFC 4475 s.3.1.1.1 has such a Via; RFC 5118 s.4.5 has `received` with and without brackets.
TEST(ViaSenderTest, ReadsEverySpelling) {
  const auto spaced =
      ReadViaSender("SIP  / 2.0\r\n /udp\r\n  192.0.2.2 : 5070 ; Received = [2001:db8::9:255] ;RPORT = 1");
  ASSERT_TRUE(spaced);
  EXPECT_EQ(spaced->transport, Transport::kUdp);
  EXPECT_EQ(spaced->address, IpAddress::Parse("192.0.2.2"));
  EXPECT_EQ(spaced->port, 5070);
  EXPECT_EQ(spaced->received, IpAddress::Parse("2001:db8::9:255"));
  EXPECT_EQ(spaced->rport, 1);
  const auto ipv6 = ReadViaSender("SIP/2.0/UDP [2001:db8::9:1]:5061;received=2001:db8::9:255");
  EXPECT_EQ(ipv6->address, IpAddress::Parse("2001:db8::9:1"));
  EXPECT_EQ(ipv6->port, 5061);
  EXPECT_EQ(ipv6->received, IpAddress::Parse("2001:db8::9:255"));
  EXPECT_EQ(ReadViaSender("SIP/2.0/UDP [2001:db8::9:1]")->port, std::nullopt);
}

TEST(ViaSenderTest, WhatIsNoViaIsNone) {
  for (const char* via :
       {"", "SIP", "SIP/2.0", "SIP/2.0/", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0/UDP ;rport", "SIP/2.0/UDP a b",
        "/2.0/UDP a", "SIP/2.0/UDP a:", "SIP/2.0/UDP a:x", "SIP/2.0/UDP a:0", "SIP/2.0/UDP a:65536",
        "SIP/2.0/UDP a:123456", "SIP/2.0/UDP [::1", "SIP/2.0/UDP :5060", "SIP/2.0/UDP 2001:db8::1"}) {
    EXPECT_FALSE(ReadViaSender(via)) << via;
  }
}

TEST(ViaSenderTest, BrokenParametersCountAsAbsent) {
  const auto sender = ReadViaSender("SIP/2.0/UDP a;received=name;rport=65536");
  ASSERT_TRUE(sender);
  EXPECT_EQ(sender->received, std::nullopt);
  EXPECT_TRUE(sender->wants_rport);
  EXPECT_EQ(sender->rport, std::nullopt);
}

// N3.
TEST(ViaSenderTest, AnotherAddressOrPortThanStatedShowsANat) {
  EXPECT_FALSE(IsBehindNat("SIP/2.0/UDP 192.0.2.1;rport", At("192.0.2.1", 5060)));
  EXPECT_FALSE(IsBehindNat("SIP/2.0/UDP 192.0.2.1:5070", At("192.0.2.1", 5070)));
  EXPECT_TRUE(IsBehindNat("SIP/2.0/UDP 10.0.0.7", At("192.0.2.1", 5060)));
  EXPECT_TRUE(IsBehindNat("SIP/2.0/UDP 192.0.2.1", At("192.0.2.1", 1024)));
  EXPECT_TRUE(IsBehindNat("SIP/2.0/UDP 192.0.2.1:5070", At("192.0.2.1", 5060)));
  EXPECT_FALSE(IsBehindNat("SIP/2.0/UDP [2001:DB8:0::1]", At("2001:db8::1", 5060)));
  EXPECT_TRUE(IsBehindNat("SIP/2.0/UDP [2001:db8::1]", At("192.0.2.1", 5060)));
  EXPECT_FALSE(IsBehindNat("SIP/2.0/UDP 192.0.2.1", At("::ffff:192.0.2.1", 5060)));
}

TEST(ViaSenderTest, ANameSaysNothingOfTheAddress) {
  EXPECT_FALSE(IsBehindNat("SIP/2.0/UDP pc33.example.org", At("192.0.2.1", 5060)));
  EXPECT_TRUE(IsBehindNat("SIP/2.0/UDP pc33.example.org", At("192.0.2.1", 1024)));
}

TEST(ViaSenderTest, OnConnectionsThePortSaysNothing) {
  EXPECT_FALSE(IsBehindNat("SIP/2.0/TCP 192.0.2.1", At("192.0.2.1", 41234)));
  EXPECT_FALSE(IsBehindNat("SIP/2.0/TLS 192.0.2.1:5061", At("192.0.2.1", 41234)));
  EXPECT_FALSE(IsBehindNat("SIP/2.0/WS 192.0.2.1", At("192.0.2.1", 41234)));
  EXPECT_TRUE(IsBehindNat("SIP/2.0/TCP 10.0.0.7", At("192.0.2.1", 41234)));
}

}  // namespace
}  // namespace flowbroker::sip
