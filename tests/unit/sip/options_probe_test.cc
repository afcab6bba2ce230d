#include "broker/sip/options_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"

namespace flowbroker::sip {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

OptionsProbeParts Parts(Transport transport, const char* local) {
  return {.target = {.endpoint = {*IpAddress::Parse("192.0.2.1"), 5060}, .transport = transport},
          .local = {*IpAddress::Parse(local), 40001},
          .token = "AbCdEf0123456789",
          .uri_host = "example.org"};
}

// S9: Max-Forwards 0 makes the first hop answer, rport makes it answer through a NAT.
TEST(OptionsProbeTest, WritesARequestThatReadsBack) {
  const std::string probe = WriteOptionsProbe(Parts(Transport::kUdp, "198.51.100.7"));
  const Expected<MessageHead> head = ReadMessageHead(probe);
  ASSERT_TRUE(head) << head.error().ToString();
  EXPECT_EQ(head->method, "OPTIONS");
  EXPECT_EQ(head->request_uri, "sip:example.org");
  EXPECT_EQ(head->top_via, "SIP/2.0/UDP 198.51.100.7:40001;branch=z9hG4bK-fb-AbCdEf0123456789;rport");
  EXPECT_EQ(head->top_via_branch, OptionsProbeBranch("AbCdEf0123456789"));
  EXPECT_TRUE(IsOptionsProbeBranch(head->top_via_branch));
  EXPECT_EQ(head->content_length, 0U);
  EXPECT_EQ(head->header_bytes, probe.size());
  EXPECT_THAT(probe, HasSubstr("\r\nMax-Forwards: 0\r\n"));
  EXPECT_THAT(probe, HasSubstr("\r\nFrom: <sip:flowbroker@198.51.100.7:40001>;tag=AbCdEf0123456789\r\n"));
  EXPECT_THAT(probe, HasSubstr("\r\nTo: <sip:example.org>\r\n"));
  EXPECT_THAT(probe, HasSubstr("\r\nCSeq: 1 OPTIONS\r\n"));
  EXPECT_THAT(probe, HasSubstr("\r\nUser-Agent: flowbroker\r\n"));
}

TEST(OptionsProbeTest, NamesTheTransportOfConnections) {
  const std::string tcp = WriteOptionsProbe(Parts(Transport::kTcp, "198.51.100.7"));
  EXPECT_THAT(tcp, HasSubstr("OPTIONS sip:example.org;transport=tcp SIP/2.0\r\n"));
  EXPECT_THAT(tcp, HasSubstr("Via: SIP/2.0/TCP "));
  EXPECT_THAT(tcp, HasSubstr("Contact: <sip:flowbroker@198.51.100.7:40001;transport=tcp>\r\n"));
  const std::string tls = WriteOptionsProbe(Parts(Transport::kTls, "198.51.100.7"));
  EXPECT_THAT(tls, HasSubstr("OPTIONS sip:example.org;transport=tls SIP/2.0\r\n"));
  EXPECT_THAT(tls, HasSubstr("Via: SIP/2.0/TLS "));
  EXPECT_THAT(tls, Not(HasSubstr("sips:")));
}

TEST(OptionsProbeTest, BracketsIpv6Everywhere) {
  OptionsProbeParts parts = Parts(Transport::kTcp, "2001:db8::7");
  for (const char* host : {"2001:db8::1", "[2001:db8::1]"}) {
    parts.uri_host = host;
    const std::string probe = WriteOptionsProbe(parts);
    EXPECT_THAT(probe, HasSubstr("OPTIONS sip:[2001:db8::1];transport=tcp SIP/2.0\r\n"));
    EXPECT_THAT(probe, HasSubstr("Via: SIP/2.0/TCP [2001:db8::7]:40001;"));
    EXPECT_THAT(probe, HasSubstr("Contact: <sip:flowbroker@[2001:db8::7]:40001;transport=tcp>"));
  }
}

TEST(OptionsProbeTest, IsOneMessageOnAStream) {
  const std::string probe = WriteOptionsProbe(Parts(Transport::kTls, "198.51.100.7"));
  MessageFramer framer{FramerLimits{}};
  framer.Append(probe);
  EXPECT_EQ(framer.Next()->bytes, probe);
  EXPECT_FALSE(framer.Next());
}

TEST(OptionsProbeTest, KnowsItsOwnBranches) {
  EXPECT_FALSE(IsOptionsProbeBranch("z9hG4bK-fb-"));
  EXPECT_FALSE(IsOptionsProbeBranch("z9hG4bK-fc-x"));
  EXPECT_FALSE(IsOptionsProbeBranch(""));
  EXPECT_TRUE(IsOptionsProbeBranch("z9hG4bK-fb-x"));
}

}  // namespace
}  // namespace flowbroker::sip
