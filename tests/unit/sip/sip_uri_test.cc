#include "broker/sip/sip_uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flowbroker::sip {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;
using ::testing::HasSubstr;

SipUri Parsed(std::string_view text) {
  const Expected<SipUri> uri = SipUri::Parse(text);
  EXPECT_TRUE(uri.has_value()) << text << ": " << uri.error().ToString();
  return uri.value_or(SipUri{});
}

std::string WhyNot(std::string_view text) {
  const Expected<SipUri> uri = SipUri::Parse(text);
  EXPECT_FALSE(uri.has_value()) << text;
  if (uri) return "parsed";
  EXPECT_EQ(uri.error().reason, FailureReason::kInvalidArgument);
  EXPECT_EQ(uri.error().field, "uri");
  return uri.error().detail;
}

TEST(SipUriTest, ReadsEveryPart) {
  const SipUri uri = Parsed("sips:alice:secret@Example.ORG:5071;transport=TCP;maddr=192.0.2.9;LR;ttl=1?subject=hi&a=b");
  EXPECT_TRUE(uri.secure);
  EXPECT_EQ(uri.user, "alice");
  EXPECT_EQ(uri.host, "example.org");
  EXPECT_EQ(uri.port, 5071);
  EXPECT_EQ(uri.transport, Transport::kTcp);
  EXPECT_EQ(uri.maddr, "192.0.2.9");
  EXPECT_EQ(uri.EachParameter(), (Parameters{{"transport", "TCP"}, {"maddr", "192.0.2.9"}, {"lr", ""}, {"ttl", "1"}}));
  EXPECT_EQ(uri.headers, "subject=hi&a=b");
}

TEST(SipUriTest, LeavesAbsentPartsAbsent) {
  const SipUri uri = Parsed("sip:example.org");
  EXPECT_FALSE(uri.secure);
  EXPECT_EQ(uri.user, "");
  EXPECT_EQ(uri.port, std::nullopt);
  EXPECT_EQ(uri.transport, std::nullopt);
  EXPECT_EQ(uri.maddr, std::nullopt);
  EXPECT_TRUE(uri.parameters.empty());
  EXPECT_EQ(uri.headers, "");
}

TEST(SipUriTest, SchemeAndTransportIgnoreCase) {
  EXPECT_TRUE(Parsed("SiPs:example.org").secure);
  EXPECT_FALSE(Parsed("SIP:example.org").secure);
  EXPECT_EQ(Parsed("sip:example.org;TransPort=Tls").transport, Transport::kTls);
  EXPECT_EQ(Parsed("sip:example.org;transport=UDP").transport, Transport::kUdp);
}

TEST(SipUriTest, ReadsIpv6References) {
  EXPECT_EQ(Parsed("sip:[2001:DB8::10]").host, "2001:db8::10");
  const SipUri uri = Parsed("sip:user@[2001:db8::10]:5070;maddr=[2001:db8::11]");
  EXPECT_EQ(uri.host, "2001:db8::10");
  EXPECT_EQ(uri.port, 5070);
  EXPECT_EQ(uri.maddr, "2001:db8::11");
}

// RFC 5118 s.4.2, s.4.3: without brackets the port cannot be told from the address.
TEST(SipUriTest, SaysThatIpv6NeedsBrackets) {
  EXPECT_THAT(WhyNot("sip:2001:db8::10"), HasSubstr("brackets"));
  EXPECT_THAT(WhyNot("sip:2001:db8::10:5070"), HasSubstr("brackets"));
}

// RFC 4475 s.3.1.1.2 and s.3.1.1.3: every unreserved character, and escapes that hide '@' and ':'.
TEST(SipUriTest, KeepsUnusualUsersAsWritten) {
  EXPECT_EQ(
      Parsed("sip:1_odd.URI~(may-be!so)&isn't+it$/what?,/;;*:&it+is=1,old!*pas$wo~d_oh.(no-way)@example.com").user,
      "1_odd.URI~(may-be!so)&isn't+it$/what?,/;;*");
  EXPECT_EQ(Parsed("sip:sip%3Auser%40example.com@company.example;other-param=summit").user, "sip%3Auser%40example.com");
  EXPECT_EQ(Parsed("sip:nul-%00-l@example.com").user, "nul-%00-l");
  EXPECT_EQ(Parsed("sip:+358-555-1234567;postd=pp22@foo.example;user=phone").user, "+358-555-1234567;postd=pp22");
}

// RFC 4475 s.3.1.1.3, RFC 3261 s.19.1.4: an escaped unreserved character is the character itself.
TEST(SipUriTest, RecognisesEscapedParameterNames) {
  const SipUri uri = Parsed("sip:host.example;%6C%72;n%61me=v%61lue%25%34%31;%74ransport=%74cp");
  EXPECT_EQ(uri.EachParameter(), (Parameters{{"lr", ""}, {"name", "v%61lue%25%34%31"}, {"transport", "%74cp"}}));
  EXPECT_EQ(uri.transport, Transport::kTcp);
}

// s.25.1: a user may hold ';' and '?', nothing else may hold '@'; so the first '@' ends the user.
TEST(SipUriTest, TheFirstAtEndsTheUser) {
  EXPECT_EQ(Parsed("sip:host.example?to=a%40b").user, "");
  EXPECT_EQ(Parsed("sip:host.example;p=a@b;c").user, "host.example;p=a");
  EXPECT_THAT(WhyNot("sip:a@b@c"), HasSubstr("host 'b@c'"));
  EXPECT_THAT(WhyNot("sip:a@b;c=d@e"), HasSubstr("'@' is not allowed in the parameter value"));
}

TEST(SipUriTest, RefusesOtherSchemesByName) {
  EXPECT_THAT(WhyNot("tel:+4930123456"), HasSubstr("scheme 'tel' is not supported; use sip or sips"));
  EXPECT_THAT(WhyNot("http://example.org"), HasSubstr("'http'"));
  EXPECT_THAT(WhyNot("example.org"), HasSubstr("no scheme"));
  EXPECT_THAT(WhyNot(""), HasSubstr("no scheme"));
  EXPECT_THAT(WhyNot("<sip:example.org>"), HasSubstr("scheme"));
  EXPECT_THAT(WhyNot(" sip:example.org"), HasSubstr("scheme"));
}

TEST(SipUriTest, KeepsParametersAsWritten) {
  EXPECT_EQ(Parsed("sip:host.example;LR;%6Cr=;transport=%74CP?h=v").parameters, ";LR;%6Cr=;transport=%74CP");
  EXPECT_EQ(Parsed("sip:host.example;transpor=tcp;transportt=udp;t%72ansport=tls").transport, Transport::kTls);
  EXPECT_EQ(Parsed("sip:host.example;tran%73port%20=tcp").transport, std::nullopt);
}

TEST(SipUriTest, RefusesOtherTransportsByName) {
  for (const char* transport : {"sctp", "ws", "wss", "tls-sctp", "dtls", "tcp2", ""}) {
    EXPECT_THAT(WhyNot(std::string("sip:example.org;transport=") + transport),
                HasSubstr("transport '" + std::string(transport) + "' is not supported; use udp, tcp or tls"));
  }
  WhyNot("sip:example.org;transport");
}

TEST(SipUriTest, SaysWhereAndWhat) {
  EXPECT_EQ(WhyNot("sip:exa_mple..org"),
            "host 'exa_mple..org' is neither a name nor an IP address (octet 4 of the URI)");
  EXPECT_EQ(WhyNot("sip:al ice@example.org"), "'?' is not allowed in the user; escape it (octet 6 of the URI)");
  EXPECT_EQ(WhyNot("sip:a%4@example.org"), "'%' without two hexadecimal digits (octet 5 of the URI)");
  EXPECT_EQ(WhyNot("sip:@example.org"), "the user before '@' is empty (octet 4 of the URI)");
  EXPECT_EQ(WhyNot("sip:a@"), "the host is missing (octet 6 of the URI)");
  EXPECT_EQ(WhyNot("sip:[2001:db8::1"), "'[' without ']' (octet 4 of the URI)");
  EXPECT_EQ(WhyNot("sip:[::1]x"), "'x' after the host; expected ':', ';' or '?' (octet 9 of the URI)");
  EXPECT_EQ(WhyNot("sip:a;;b"), "a parameter has no name (octet 6 of the URI)");
  EXPECT_EQ(WhyNot("sip:a;b=\"c\""), "'\"' is not allowed in the parameter value; escape it (octet 8 of the URI)");
  EXPECT_EQ(WhyNot("sip:a;maddr=1.2.3"), "maddr '1.2.3' is neither a name nor an IP address (octet 6 of the URI)");
  EXPECT_EQ(WhyNot("sip:a?"), "nothing follows '?' (octet 6 of the URI)");
  EXPECT_EQ(WhyNot("sip:a?b=<c>"), "'<' is not allowed in the headers; escape it (octet 8 of the URI)");
}

TEST(SipUriTest, TakesPortsFrom1To65535) {
  EXPECT_EQ(Parsed("sip:a:1").port, 1);
  EXPECT_EQ(Parsed("sip:a:65535").port, 65535);
  EXPECT_EQ(Parsed("sip:a:0000005060").port, 5060);
  for (const char* port : {"", "0", "65536", "4294967297", "99999999999999999999999", "-1", "+1", "5060x", "0x10"}) {
    EXPECT_THAT(WhyNot(std::string("sip:a:") + port), HasSubstr("port")) << port;
  }
}

TEST(SipUriTest, AddressesHaveOneFormOnly) {
  EXPECT_EQ(Parsed("sip:192.0.2.1").host, "192.0.2.1");
  for (const char* host : {"192.0.2.01", "192.0.02.1", "192.0.2.001", "0300.0.2.1", "192.0.2", "192.0.2.1."}) {
    EXPECT_THAT(WhyNot(std::string("sip:") + host), HasSubstr("neither a name nor an IP address")) << host;
  }
}

TEST(SipUriTest, RefusesDoubledDecidingParameters) {
  EXPECT_THAT(WhyNot("sip:a;transport=udp;Transport=tcp"), HasSubstr("'transport' is given twice"));
  EXPECT_THAT(WhyNot("sip:a;maddr=b;maddr=b"), HasSubstr("'maddr' is given twice"));
}

TEST(SipUriTest, LimitsLength) {
  const std::string prefix = "sip:a;b=";
  EXPECT_TRUE(SipUri::Parse(prefix + std::string(SipUri::kMaxLength - prefix.size(), 'c')));
  EXPECT_THAT(WhyNot(prefix + std::string(SipUri::kMaxLength - prefix.size() + 1, 'c')), HasSubstr("longer than 4096"));
}

TEST(SipUriTest, DoesNotEchoControlCharacters) {
  const std::string why = WhyNot(std::string_view("sip:a\x1b[31m\0b@c", 13));
  EXPECT_EQ(why.find('\x1b'), std::string::npos);
  EXPECT_EQ(why.find('\0'), std::string::npos);
  EXPECT_LT(WhyNot("sip:" + std::string(4000, '.')).size(), 120U);
}

TEST(SipUriTest, TextParsesToAnEqualValue) {
  for (const char* text :
       {"sip:example.org", "SIPS:a:b@Example.org.:5061;transport=tls;LR;maddr=[2001:DB8::1]?a=b&c=%20",
        "sip:[::ffff:192.0.2.1]:5060", "sip:x%40y@192.0.2.1;%6Cr;q=%25%41", "sip:a;lr="}) {
    const SipUri uri = Parsed(text);
    EXPECT_EQ(Parsed(uri.ToString()), uri) << text << " -> " << uri.ToString();
  }
  EXPECT_EQ(Parsed("SIP:Bob:pw@[2001:DB8::1]:5060;LR").ToString(), "sip:Bob@[2001:db8::1]:5060;LR");
}

}  // namespace
}  // namespace flowbroker::sip
