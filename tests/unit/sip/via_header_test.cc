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

}  // namespace
}  // namespace flowbroker::sip
