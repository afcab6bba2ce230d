#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The forms of RFC 3263 s.4 (D1), one test each.

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

TEST(ServerLocatorTest, NumericHostNeedsNoDns) {
  Location location("");
  location.request.destination = Uri("192.0.2.9");
  const ServerLocator locator = location.Run();
  EXPECT_TRUE(locator.done());
  EXPECT_THAT(location.asked, IsEmpty());
  EXPECT_THAT(Names(locator), ElementsAre("UDP 192.0.2.9:5060"));
  EXPECT_EQ(locator.valid_until(), kNever);
}

TEST(ServerLocatorTest, ExplicitPortSkipsNaptrAndSrv) {
  Location location(kZone);
  location.request.destination = Uri("a.example.org", 5080, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP [2001:db8::1]:5080", "TCP 192.0.2.1:5080"));
  EXPECT_THAT(location.asked, ElementsAre("AAAA a.example.org", "A a.example.org"));
}

TEST(ServerLocatorTest, TransportParameterSkipsNaptr) {
  Location location(kZone);
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP [2001:db8::1]:5070", "TCP 192.0.2.1:5070", "TCP 192.0.2.2:5060"));
  EXPECT_EQ(location.asked.front(), "SRV _sip._tcp.example.org");
}

TEST(ServerLocatorTest, NaptrChoosesTransportsOfTheLowestOrder) {
  Location location(kZone);
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS [2001:db8::1]:5061", "TLS 192.0.2.1:5061",
                                                 "TCP [2001:db8::1]:5070", "TCP 192.0.2.1:5070", "TCP 192.0.2.2:5060"));
}

TEST(ServerLocatorTest, WithoutNaptrAsksSrvOfEveryTransportAtOnce) {
  Location location(R"(
    _sip._tcp.example.org SRV 10 0 5060 a.example.org
    _sip._udp.example.org SRV 10 0 5060 a.example.org
    a.example.org         A   192.0.2.1
  )");
  location.request.destination = Uri("example.org");
  ServerLocator locator(location.request, location.options, location.sources, location.random);
  const auto naptr = locator.Start(location.now);
  const auto srv =
      locator.OnAnswer(naptr.at(0), location.zone.Answer(naptr.at(0)), AnswerOrigin::kServer, location.now);
  std::vector<std::string> asked;
  for (const auto& question : srv) asked.push_back(question.ToString());
  EXPECT_THAT(asked,
              ElementsAre("SRV _sips._tcp.example.org", "SRV _sip._tcp.example.org", "SRV _sip._udp.example.org"));
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060", "UDP 192.0.2.1:5060"));
}

TEST(ServerLocatorTest, WithoutSrvAsksForAddressesOfTheDomain) {
  Location location("example.org A 192.0.2.1");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.1:5060"));
  location.request.destination = SipsUri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS 192.0.2.1:5061"));
}

TEST(ServerLocatorTest, SipsUsesTlsOnly) {
  Location location(kZone);
  location.request.destination = SipsUri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS [2001:db8::1]:5061", "TLS 192.0.2.1:5061"));
}

}  // namespace
}  // namespace flowbroker::location
