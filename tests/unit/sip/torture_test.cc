// Messages in the spirit of RFC 4475 (torture tests) and RFC 5118 (IPv6), in our own words, as far as they touch what
// the broker reads. Names end in the name of the RFC's case.

#include <gtest/gtest.h>

#include <string>

#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"
#include "broker/sip/sip_uri.h"

namespace flowbroker::sip {
namespace {

const std::string kCommon =
    "To: <sip:j.user@example.com>\r\nFrom: <sip:caller@example.net>;tag=1\r\nMax-Forwards: 70\r\n"
    "Call-ID: torture.1@example.com\r\nCSeq: 8 INVITE\r\nVia: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\r\n";

std::string Invite(const std::string& more, const std::string& uri = "sip:user@example.com") {
  return "INVITE " + uri + " SIP/2.0\r\n" + kCommon + more + "\r\n";
}

Expected<MessageHead> Head(const std::string& message) {
  return ReadMessageHead(message);
}

/// The first message a framer cuts from `stream`, or what is wrong with it.
std::string FirstFramed(const std::string& stream) {
  MessageFramer framer{FramerLimits{}};
  framer.Append(stream);
  const auto item = framer.Next();
  if (item) return std::string(item->bytes);
  return framer.failure() ? framer.failure()->ToString() : "incomplete";
}

TEST(TortureTest, EveryTokenCharacterMakesAMethod_intmeth) {
  const std::string method = "!interesting-Method0123456789_*+`.%indeed'~";
  std::string message = Invite("");
  message.replace(0, 6, method);
  message.replace(message.find("8 INVITE"), 8, "139122385 " + method);
  EXPECT_EQ(Head(message)->method, method);
}

TEST(TortureTest, PercentInAMethodIsNoEscape_esc02) {
  std::string message = Invite("");
  message.replace(0, 6, "RE%47IST%45R");
  EXPECT_EQ(Head(message)->method, "RE%47IST%45R");
}

TEST(TortureTest, EscapesStayAsWritten_esc01) {
  const std::string uri = "sip:sips%3Auser%40example.com@example.net";
  EXPECT_EQ(Head(Invite("", uri))->request_uri, uri);
  EXPECT_EQ(SipUri::Parse(uri)->user, "sips%3Auser%40example.com");
}

TEST(TortureTest, NothingIsTooLongBelowTheLimits_longreq) {
  std::string more = "Unknown-" + std::string(300, 'L') + ": " + std::string(3000, 'v') + "\r\n";
  for (int i = 0; i < 34; ++i) more += "v: SIP/2.0/TCP sip" + std::to_string(i) + ".example.com;branch=z9hG4bK\r\n";
  const std::string message = Invite(more + "l: 0\r\n", "sip:" + std::string(2000, 'u') + "@example.com");
  EXPECT_EQ(Head(message)->header_bytes, message.size());
  EXPECT_EQ(FirstFramed(message), message);
}

TEST(TortureTest, WhatFollowsTheMessageIsNotItsBody_dblreq) {
  const std::string message = Invite("Content-Length: 0\r\n");
  EXPECT_EQ(Head(message + message)->header_bytes, message.size());
  EXPECT_EQ(FirstFramed(message + message), message);
}

TEST(TortureTest, SemicolonsBelongToTheUser_semiuri) {
  const Expected<SipUri> uri = SipUri::Parse("sip:user;par=u%40example.net@example.com");
  EXPECT_EQ(uri->user, "user;par=u%40example.net");
  EXPECT_TRUE(uri->parameters.empty());
}

TEST(TortureTest, AnyTransportMayStandInAVia_transports) {
  for (const char* transport : {"UDP", "SCTP", "TLS", "UNKNOWN", "TCP"}) {
    const std::string via = "SIP/2.0/" + std::string(transport) + " t1.example.com;branch=z9hG4bKkdjuw";
    EXPECT_EQ(Head("OPTIONS sip:a SIP/2.0\r\nVia: " + via + "\r\n" + kCommon + "\r\n")->top_via, via);
  }
}

TEST(TortureTest, ReasonsMayBeUtf8OrEmpty_unreason_noreason) {
  EXPECT_EQ(Head("SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\r\n" + kCommon + "\r\n")->status_code, 200);
  EXPECT_EQ(Head("SIP/2.0 100 \r\n" + kCommon + "\r\n")->status_code, 100);
}

TEST(TortureTest, SeparatorsTooManyDoNotHideTheBranch_badinv01) {
  const std::string message =
      "INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.15;;branch=z9hG4bKkdjuw,,\r\n" + kCommon;
  EXPECT_EQ(Head(message + "\r\n")->top_via_branch, "z9hG4bKkdjuw");
}

TEST(TortureTest, AMessageShorterThanItsContentLengthIsNotComplete_clerr) {
  const std::string message = Invite("Content-Length: 9999\r\n") + "v=0\r\n";
  EXPECT_EQ(Head(message)->content_length, 9999U);  // a datagram: the reader of the body compares
  EXPECT_EQ(FirstFramed(message), "incomplete");
}

TEST(TortureTest, NegativeLengthsAreRefused_ncl) {
  EXPECT_FALSE(Head(Invite("Content-Length: -999\r\n")));
  EXPECT_EQ(FirstFramed(Invite("Content-Length: -999\r\n")),
            "malformed_message: a Content-Length that is not a number");
}

TEST(TortureTest, NumbersOfFieldsWeDoNotReadDoNotMatter_scalar02) {
  EXPECT_TRUE(
      Head(Invite("Expires: 1000000000000000000000000000000000\r\nTimestamp: x\r\nRetry-After: 949302838503028\r\n")));
}

TEST(TortureTest, BrokenQuotesElsewhereDoNotMatter_quotbal) {
  EXPECT_TRUE(Head(Invite("Contact: \"Joe <sip:joe@example.org>\r\nDate: Fri, 01 Jan 2010 16:00:00 EST\r\n")));
}

TEST(TortureTest, RequestLinesHaveExactlyTwoSpaces_lwsruri_lwsstart_trws) {
  EXPECT_FALSE(Head(Invite("", "sip:user@example.com; lr")));
  EXPECT_FALSE(Head(Invite("", " sip:user@example.com")));
  EXPECT_FALSE(Head(Invite("", "sip:user@example.com ")));
  EXPECT_FALSE(Head("INVITE sip:a SIP/2.0  \r\n" + kCommon + "\r\n"));
}

TEST(TortureTest, UrisInAngleBracketsAreNotOurs_ltgtruri) {
  EXPECT_EQ(Head(Invite("", "<sip:user@example.com>"))->request_uri, "<sip:user@example.com>");
  EXPECT_FALSE(SipUri::Parse("<sip:user@example.com>"));
}

TEST(TortureTest, OtherVersionsAreRefused_badvers) {
  EXPECT_FALSE(Head("OPTIONS sip:t1.example.com SIP/7.0\r\n" + kCommon + "\r\n"));
}

TEST(TortureTest, CodesHaveThreeDigits_bigcode) {
  EXPECT_FALSE(Head("SIP/2.0 4294967301 better not break the receiver\r\n" + kCommon + "\r\n"));
}

TEST(TortureTest, RequestsWithoutTheirFieldsAreRefused_insuf) {
  EXPECT_FALSE(Head("INVITE sip:user@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\nl: 0\r\n\r\n"));
}

TEST(TortureTest, AnySchemeMayStandInARequestLine_unkscm_novelsc) {
  EXPECT_EQ(Head(Invite("", "nobodyknowsthis:totallyopaque"))->request_uri, "nobodyknowsthis:totallyopaque");
  EXPECT_EQ(Head(Invite("", "soap.beep://192.0.2.103:3002"))->request_uri, "soap.beep://192.0.2.103:3002");
}

TEST(TortureTest, TwoLengthsAreRefused_mcl01) {
  EXPECT_FALSE(Head(Invite("Content-Length: 13\r\nContent-Length: 8\r\n")));
  EXPECT_EQ(FirstFramed(Invite("Content-Length: 13\r\nContent-Length: 8\r\n")),
            "malformed_message: two different Content-Lengths");
}

TEST(TortureTest, AnEmptyBranchCookieIsABranch_badbranch) {
  const std::string message =
      "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n" + kCommon + "\r\n";
  EXPECT_EQ(Head(message)->top_via_branch, "z9hG4bK");
}

TEST(TortureTest, Ipv6ReferencesWork_ipv6good_portunamb) {
  EXPECT_EQ(SipUri::Parse("sip:[2001:db8::10]")->port, std::nullopt);
  EXPECT_EQ(SipUri::Parse("sip:[2001:db8::10]:5070")->port, 5070);
  EXPECT_EQ(SipUri::Parse("sip:user@[2001:db8::10:5070]")->host, "2001:db8::10:5070");
  EXPECT_EQ(Head(Invite("", "sip:[2001:db8::10]:5070"))->request_uri, "sip:[2001:db8::10]:5070");
}

TEST(TortureTest, Ipv6WithoutBracketsIsRefused_ipv6bad) {
  EXPECT_FALSE(SipUri::Parse("sip:2001:db8::10"));
}

TEST(TortureTest, Ipv4MappedAddressesStayIpv6_ipv4mapped) {
  EXPECT_EQ(SipUri::Parse("sip:user@[::ffff:192.0.2.10]:19823")->host, "::ffff:192.0.2.10");
}

// The grammar of RFC 3261 allowed three colons by mistake; RFC 5954 mended it.
TEST(TortureTest, ThreeColonsAreNoAddress_ipv6bugabnf) {
  EXPECT_FALSE(SipUri::Parse("sip:user@[2001:db8:::192.0.2.1]"));
}

}  // namespace
}  // namespace flowbroker::sip
