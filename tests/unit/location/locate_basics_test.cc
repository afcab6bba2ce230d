#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The forms a URI may have (RFC 3263 s.4; D1), one test each.

constexpr std::string_view kZone = R"(
  example.org              NAPTR 10 20 s SIP+D2T  "" _sip._tcp.example.org
  example.org              NAPTR 10 10 s SIPS+D2T "" _sips._tcp.example.org
  example.org              NAPTR 20 10 s SIP+D2U  "" _sip._udp.example.org
  _sips._tcp.example.org   SRV 10 0 5061 a.example.org
  _sip._tcp.example.org    SRV 20 0 5060 b.example.org
  _sip._tcp.example.org    SRV 10 0 5070 a.example.org
  _sip._udp.example.org    SRV 10 0 5060 a.example.org
  a.example.org            A    192.0.2.1
  a.example.org            AAAA 2001:db8::1
  b.example.org            A    192.0.2.2
)";

TransportSet Only(Transport transport) {
  return TransportSet::Of(transport);
}

std::vector<std::string> Locate(std::string_view zone, const sip::SipUri& uri,
                                TransportSet allowed = TransportSet::All()) {
  Location location(zone);
  location.request.destination = uri;
  location.request.allowed_transports = allowed;
  return Names(location.Run());
}

TEST(ServerLocatorTest, NumericHostNeedsNoDns) {
  Location location("");
  location.request.destination = Uri("192.0.2.9");
  const ServerLocator locator = location.Run();
  EXPECT_TRUE(locator.done());
  EXPECT_FALSE(locator.better_may_come());
  EXPECT_THAT(location.asked, IsEmpty());
  EXPECT_THAT(Names(locator), ElementsAre("UDP 192.0.2.9:5060"));
  EXPECT_EQ(locator.targets()[0].host, "192.0.2.9");
  EXPECT_EQ(locator.targets()[0].source->ToString(), "198.51.100.1");
  EXPECT_EQ(locator.valid_until(), kNever);
}

TEST(ServerLocatorTest, NumericHostGetsTheDefaultTransportAndItsPort) {
  EXPECT_THAT(Locate("", SipsUri("2001:db8::9")), ElementsAre("TLS [2001:db8::9]:5061"));
  EXPECT_THAT(Locate("", SipsUri("2001:db8::9", 5099)), ElementsAre("TLS [2001:db8::9]:5099"));
  EXPECT_THAT(Locate("", Uri("192.0.2.9", 5061)), ElementsAre("UDP 192.0.2.9:5061"));
  EXPECT_THAT(Locate("", Uri("192.0.2.9", std::nullopt, Transport::kTls)), ElementsAre("TLS 192.0.2.9:5061"));
  EXPECT_THAT(Locate("", Uri("192.0.2.9", 1, Transport::kTcp)), ElementsAre("TCP 192.0.2.9:1"));
  EXPECT_THAT(Locate("", Uri("192.0.2.9"), Only(Transport::kTls)), ElementsAre("TLS 192.0.2.9:5061"));
  TransportSet streams = Only(Transport::kTls);
  streams.Add(Transport::kTcp);
  EXPECT_THAT(Locate("", Uri("192.0.2.9"), streams), ElementsAre("TCP 192.0.2.9:5060"));
}

TEST(ServerLocatorTest, MaddrOverridesTheHost) {
  sip::SipUri uri = Uri("example.org");
  uri.maddr = "192.0.2.7";
  EXPECT_THAT(Locate(kZone, uri), ElementsAre("UDP 192.0.2.7:5060"));
  uri.maddr = "b.example.org";
  EXPECT_THAT(Locate(kZone, uri), ElementsAre("UDP 192.0.2.2:5060"));
}

TEST(ServerLocatorTest, ExplicitPortSkipsNaptrAndSrv) {
  Location location(kZone);
  location.request.destination = Uri("a.example.org", 5080, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP [2001:db8::1]:5080", "TCP 192.0.2.1:5080"));
  EXPECT_THAT(location.asked, ElementsAre("AAAA a.example.org", "A a.example.org"));
}

TEST(ServerLocatorTest, ExplicitPortGetsTheDefaultTransport) {
  EXPECT_THAT(Locate(kZone, Uri("b.example.org", 5080)), ElementsAre("UDP 192.0.2.2:5080"));
  EXPECT_THAT(Locate(kZone, SipsUri("b.example.org", 5080)), ElementsAre("TLS 192.0.2.2:5080"));
  EXPECT_THAT(Locate(kZone, Uri("b.example.org", 5080), Only(Transport::kTcp)), ElementsAre("TCP 192.0.2.2:5080"));
}

TEST(ServerLocatorTest, TransportParameterSkipsNaptr) {
  Location location(kZone);
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP [2001:db8::1]:5070", "TCP 192.0.2.1:5070", "TCP 192.0.2.2:5060"));
  EXPECT_EQ(location.asked.front(), "SRV _sip._tcp.example.org");
  EXPECT_THAT(Locate(kZone, Uri("example.org", std::nullopt, Transport::kTls)),
              ElementsAre("TLS [2001:db8::1]:5061", "TLS 192.0.2.1:5061"));
}

TEST(ServerLocatorTest, SipsWithTcpMeansTlsOverTcp) {
  Location location(kZone);
  location.request.destination = SipsUri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS [2001:db8::1]:5061", "TLS 192.0.2.1:5061"));
  EXPECT_EQ(location.asked.front(), "SRV _sips._tcp.example.org");
}

TEST(ServerLocatorTest, NaptrChoosesTransportsOfTheLowestOrder) {
  EXPECT_THAT(Locate(kZone, Uri("example.org")),
              ElementsAre("TLS [2001:db8::1]:5061", "TLS 192.0.2.1:5061", "TCP [2001:db8::1]:5070",
                          "TCP 192.0.2.1:5070", "TCP 192.0.2.2:5060"));
}

TEST(ServerLocatorTest, NaptrOfTransportsThatAreNotAllowedIsPassedOver) {
  EXPECT_THAT(Locate(kZone, Uri("example.org"), Only(Transport::kUdp)),
              ElementsAre("UDP [2001:db8::1]:5060", "UDP 192.0.2.1:5060"));
}

TEST(ServerLocatorTest, SipsUsesTlsOnly) {
  EXPECT_THAT(Locate(kZone, SipsUri("example.org")), ElementsAre("TLS [2001:db8::1]:5061", "TLS 192.0.2.1:5061"));
}

TEST(ServerLocatorTest, NaptrWithFlagALeadsToAddresses) {
  EXPECT_THAT(Locate(R"(
    example.org   NAPTR 1 1 a SIPS+D2T "" a.example.org
    a.example.org A 192.0.2.1
  )",
                     Uri("example.org")),
              ElementsAre("TLS 192.0.2.1:5061"));
}

TEST(ServerLocatorTest, NonTerminalNaptrIsFollowedInItsPlace) {
  EXPECT_THAT(Locate(R"(
    example.org           NAPTR 1 1 "" "" "" example.net
    example.org           NAPTR 1 2 s SIP+D2U "" _sip._udp.example.org
    example.net           NAPTR 1 1 "" SIP+D2T "" example.com
    example.com           NAPTR 1 1 s SIP+D2T "" _sip._tcp.example.com
    _sip._tcp.example.com SRV 1 1 5060 a.example.org
    _sip._udp.example.org SRV 1 1 5060 b.example.org
    a.example.org         A 192.0.2.1
    b.example.org         A 192.0.2.2
  )",
                     Uri("example.org")),
              ElementsAre("TCP 192.0.2.1:5060", "UDP 192.0.2.2:5060"));
}

TEST(ServerLocatorTest, NaptrRegexpOfTheWholeNameIsFollowed) {
  EXPECT_THAT(Locate(R"(
    example.org           NAPTR 1 1 s SIP+D2T !^.*$!_sip._tcp.example.com! .
    _sip._tcp.example.com SRV 1 1 5060 a.example.org
    a.example.org         A 192.0.2.1
  )",
                     Uri("example.org")),
              ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorTest, CnamesAreTheResolversBusiness) {
  EXPECT_THAT(Locate(R"(
    example.org           CNAME example.net
    example.net           NAPTR 1 1 s SIP+D2T "" _sip._tcp.example.net
    _sip._tcp.example.net SRV 1 1 5060 alias.example.net
    alias.example.net     CNAME a.example.net
    a.example.net         A 192.0.2.1
  )",
                     Uri("example.org")),
              ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorTest, TargetsSayWhereTheyComeFrom) {
  Location location(kZone);
  location.request.destination = Uri("example.org");
  const ServerLocator locator = location.Run();
  const LocatedTarget& first = locator.targets().at(0);
  EXPECT_EQ(first.host, "a.example.org");
  EXPECT_EQ(first.srv_owner, "_sips._tcp.example.org");
  EXPECT_EQ(first.srv_priority, 10);
  EXPECT_EQ(first.reason, "NAPTR SIPS+D2T 10/10, SRV 10/0");
  EXPECT_EQ(first.source->ToString(), "2001:db8:ffff::1");
  const LocatedTarget& second = locator.targets().at(1);
  EXPECT_EQ(second.reason, "NAPTR SIPS+D2T 10/10, SRV 10/0, RFC 6724 rule 6");
  EXPECT_EQ(second.host_rank, first.host_rank);
  EXPECT_GT(locator.targets().at(2).host_rank, first.host_rank);
}

TEST(ServerLocatorTest, AFamilyThatIsNotAllowedIsNotAskedFor) {
  Location location(kZone);
  location.request.destination = Uri("a.example.org", 5060);
  location.request.allow_ipv6 = false;
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.1:5060"));
  EXPECT_THAT(location.asked, ElementsAre("A a.example.org"));
}

TEST(ServerLocatorTest, AddressesOfOneHostStandInRfc6724Order) {
  Location location(kZone);
  location.request.destination = Uri("a.example.org", 5060);
  location.sources.SetIpv6(std::nullopt);
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), ElementsAre("UDP 192.0.2.1:5060", "UDP [2001:db8::1]:5060"));
  EXPECT_EQ(locator.targets()[1].reason, "explicit port 5060, RFC 6724 rule 1");
  EXPECT_FALSE(locator.targets()[1].source);
}

TEST(ServerLocatorTest, LocalhostIsTheLoopbackWithoutDns) {
  Location location("");
  location.request.destination = Uri("localhost");
  location.sources.Set(*IpAddress::Parse("::1"), SourceAddress{*IpAddress::Parse("::1")});
  location.sources.Set(*IpAddress::Parse("127.0.0.1"), SourceAddress{*IpAddress::Parse("127.0.0.1")});
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP [::1]:5060", "UDP 127.0.0.1:5060"));
  location.request.allow_ipv6 = false;
  location.request.destination = Uri("sip.localhost", 5070, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 127.0.0.1:5070"));
  EXPECT_THAT(location.asked, IsEmpty());
}

TEST(ServerLocatorTest, ResultIsValidUntilTheFirstAnswerExpires) {
  Location location(R"(
    example.org           100 NAPTR 1 1 s SIP+D2T "" _sip._tcp.example.org
    _sip._tcp.example.org 50  SRV 1 1 5060 a.example.org
    a.example.org         200 A 192.0.2.1
    a.example.org         200 AAAA 2001:db8::1
  )");
  location.request.destination = Uri("example.org");
  const TimePoint start = location.now;
  const ServerLocator locator = location.Run();
  EXPECT_EQ(locator.valid_until(), start + std::chrono::milliseconds(2) + std::chrono::seconds(50));
}

}  // namespace
}  // namespace flowbroker::location
