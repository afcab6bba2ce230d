#include "clients/cli/options_request.h"

#include <gtest/gtest.h>

namespace flowbroker::cli {
namespace {

client::AcquiredFlow TlsFlow() {
  client::AcquiredFlow flow;
  flow.transport = client::Transport::kTls;
  flow.local = {.address = "2001:db8::2", .port = 40112};
  return flow;
}

TEST(WriteOptionsTest, NamesTheLocalEndOfTheFlow) {
  const std::string request = WriteOptions("sips:alice@example.org?Subject=x", TlsFlow(), "t0ken");
  EXPECT_EQ(request.substr(0, request.find("\r\n")), "OPTIONS sips:alice@example.org SIP/2.0");
  EXPECT_NE(request.find("\r\nVia: SIP/2.0/TLS [2001:db8::2]:40112;branch=z9hG4bKflowctlt0ken;rport\r\n"),
            std::string::npos);
  EXPECT_NE(request.find("\r\nMax-Forwards: 70\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nTo: <sips:alice@example.org>\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nContact: <sips:flowctl@[2001:db8::2]:40112;transport=tls>\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\nContent-Length: 0\r\n\r\n"));
}

TEST(ParseStatusLineTest, ReadsCodeAndReason) {
  const auto status = ParseStatusLine("SIP/2.0 486 Busy Here\r\nVia: x\r\n\r\n");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 486);
  EXPECT_EQ(status->reason, "Busy Here");
  EXPECT_EQ(ParseStatusLine("SIP/2.0 200 \r\n\r\n")->reason, "");
}

TEST(ParseStatusLineTest, RefusesRequestsAndGarbage) {
  EXPECT_FALSE(ParseStatusLine("OPTIONS sip:x SIP/2.0\r\n\r\n"));
  EXPECT_FALSE(ParseStatusLine("SIP/2.0 20\r\n"));
  EXPECT_FALSE(ParseStatusLine("SIP/2.0 2000 OK\r\n"));
  EXPECT_FALSE(ParseStatusLine("SIP/2.0 "));
  EXPECT_FALSE(ParseStatusLine("SIP/2.0\r\n"));
  EXPECT_FALSE(ParseStatusLine(""));
}

TEST(IsResponseToTest, WantsTheBranch) {
  const std::string answer = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKflowctlaa\r\n\r\n";
  EXPECT_TRUE(IsResponseTo(answer, BranchFor("aa")));
  EXPECT_FALSE(IsResponseTo(answer, BranchFor("bb")));
}

}  // namespace
}  // namespace flowbroker::cli
