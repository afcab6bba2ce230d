#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using dns::AnswerStatus;
using dns::RecordType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// What follows where NAPTR or SRV leads nowhere (RFC 3263 s.4.1 and s.4.2).

TEST(ServerLocatorFallbackTest, WithoutNaptrAsksSrvOfEveryTransportAtOnce) {
  Location location(R"(
    _sip._tcp.example.org SRV 10 0 5060 a.example.org
    _sip._udp.example.org SRV 10 0 5060 a.example.org
    a.example.org         A   192.0.2.1
  )");
  location.request.destination = Uri("example.org");
  ServerLocator locator(location.request, location.options, location.sources, location.random);
  const auto naptr = locator.Start(location.now);
  ASSERT_EQ(naptr.size(), 1U);
  const auto srv = locator.OnAnswer(naptr[0], location.zone.Answer(naptr[0]), AnswerOrigin::kServer, location.now);
  std::vector<std::string> asked;
  asked.reserve(srv.size());
  for (const auto& question : srv) asked.push_back(question.ToString());
  EXPECT_THAT(asked,
              ElementsAre("SRV _sips._tcp.example.org", "SRV _sip._tcp.example.org", "SRV _sip._udp.example.org"));
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060", "UDP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, SrvSetsFollowTheConfiguredPreference) {
  Location location(R"(
    _sips._tcp.example.org SRV 10 0 5061 a.example.org
    _sip._tcp.example.org  SRV 10 0 5060 a.example.org
    _sip._udp.example.org  SRV 10 0 5060 a.example.org
    a.example.org          A   192.0.2.1
  )");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS 192.0.2.1:5061", "TCP 192.0.2.1:5060", "UDP 192.0.2.1:5060"));
  // A transport that is allowed but missing from the preference comes last rather than never.
  location.options.transport_preference = {Transport::kUdp, Transport::kUdp};
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.1:5060", "TCP 192.0.2.1:5060", "TLS 192.0.2.1:5061"));
}

TEST(ServerLocatorFallbackTest, SipsWithoutNaptrAsksSrvOfTlsOnly) {
  Location location("example.org A 192.0.2.1");
  location.request.destination = SipsUri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS 192.0.2.1:5061"));
  EXPECT_THAT(location.asked,
              ElementsAre("NAPTR example.org", "SRV _sips._tcp.example.org", "AAAA example.org", "A example.org"));
}

TEST(ServerLocatorFallbackTest, WithoutUsableNaptrAsksSrv) {
  Location location(R"(
    example.org            NAPTR 1 1 s SIP+D2S "" _sip._sctp.example.org
    example.org            NAPTR 1 1 u E2U+sip !^.*$!sip:x! .
    _sip._udp.example.org  SRV 10 0 5060 a.example.org
    a.example.org          A   192.0.2.1
  )");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, WithoutSrvAsksForAddressesOfTheDomain) {
  Location location("example.org A 192.0.2.1");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.1:5060"));
  location.request.allowed_transports = TransportSet::Of(Transport::kTls);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS 192.0.2.1:5061"));
  location.request.allowed_transports.Add(Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, WithoutSrvOfTheWantedTransportKeepsThatTransport) {
  Location location(R"(
    example.org           A   192.0.2.1
    _sip._udp.example.org SRV 1 1 5060 example.org
  )");
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, WithoutSrvWhereNaptrLeadsKeepsItsTransport) {
  Location location(R"(
    example.org           NAPTR 1 1 s SIPS+D2T "" _sips._tcp.example.org
    example.org           NAPTR 1 2 s SIP+D2T  "" _sip._tcp.example.org
    example.org           A 192.0.2.1
    _sip._udp.example.org SRV 1 1 5060 example.org
  )");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TLS 192.0.2.1:5061"));
  EXPECT_THAT(location.asked, Not(Contains("SRV _sip._udp.example.org"))) << "NAPTR did not offer UDP";
}

TEST(ServerLocatorFallbackTest, NaptrThatLeadsToSrvNowhereGivesWayToTheNext) {
  Location location(R"(
    example.org           NAPTR 1 1 s SIPS+D2T "" _sips._tcp.example.org
    example.org           NAPTR 1 2 s SIP+D2T  "" _sip._tcp.example.org
    _sip._tcp.example.org SRV 1 1 5060 a.example.org
    a.example.org         A 192.0.2.1
  )");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, NonTerminalNaptrThatLeadsNowhereIsLikeNone) {
  Location location(R"(
    example.org           NAPTR 1 1 "" "" "" nowhere.example.org
    _sip._tcp.example.org SRV 1 1 5060 a.example.org
    a.example.org         A 192.0.2.1
  )");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, TargetOfADotForbidsTheTransport) {
  Location location(R"(
    example.org            A 192.0.2.1
    _sip._udp.example.org  SRV 0 0 0 .
  )");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060")) << "UDP is declared not available";
  location.request.destination = Uri("example.org", std::nullopt, Transport::kUdp);
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), IsEmpty());
  EXPECT_EQ(locator.failure().reason, FailureReason::kNoRecords);
  EXPECT_THAT(locator.failure().detail, ::testing::HasSubstr("service declared not available"));
}

TEST(ServerLocatorFallbackTest, HostsWithoutAddressesDoNotLeadToTheDomain) {
  Location location(R"(
    example.org           A 192.0.2.1
    _sip._tcp.example.org SRV 1 1 5060 nowhere.example.org
  )");
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), IsEmpty()) << "SRV exists, so the domain itself is not meant";
}

TEST(ServerLocatorFallbackTest, SrvWithoutUsableRecordDoesNotLeadToTheDomain) {
  Location location(R"(
    example.org           A 192.0.2.1
    _sip._tcp.example.org SRV 1 1 0 example.org
  )");
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), IsEmpty());
}

TEST(ServerLocatorFallbackTest, UnusableSrvRecordsAreLeftOut) {
  Location location(R"(
    _sip._tcp.example.org SRV 1 1 0    a.example.org
    _sip._tcp.example.org SRV 2 1 5060 .
    _sip._tcp.example.org SRV 3 1 5060 a.example.org
    a.example.org         A 192.0.2.1
  )");
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, TroubleWithNaptrDoesNotKeepFromSrv) {
  Location location(R"(
    _sip._tcp.example.org SRV 1 1 5060 a.example.org
    a.example.org         A 192.0.2.1
  )");
  location.zone.Break("example.org", RecordType::kNaptr, AnswerStatus::kServerFailure);
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, TroubleWithOneTransportDoesNotKeepFromTheOthers) {
  Location location(R"(
    _sip._tcp.example.org SRV 1 1 5060 a.example.org
    a.example.org         A 192.0.2.1
  )");
  location.zone.Break("_sips._tcp.example.org", RecordType::kSrv, AnswerStatus::kTimedOut);
  location.request.destination = Uri("example.org");
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), ElementsAre("TCP 192.0.2.1:5060"));
  EXPECT_LE(locator.valid_until(), location.now) << "what is missing must be asked again next time";
}

TEST(ServerLocatorFallbackTest, TroubleWithSrvDoesNotLeadToTheDomain) {
  Location location("example.org A 192.0.2.1");
  location.zone.Break("_sip._udp.example.org", RecordType::kSrv, AnswerStatus::kTimedOut);
  location.request.destination = Uri("example.org");
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), IsEmpty()) << "nobody knows that there is no SRV";
  EXPECT_EQ(locator.failure().reason, FailureReason::kDnsTimedOut);
}

TEST(ServerLocatorFallbackTest, TroubleWithOneFamilyDoesNotKeepFromTheOther) {
  Location location("a.example.org A 192.0.2.1");
  location.zone.Break("a.example.org", RecordType::kAaaa, AnswerStatus::kTimedOut);
  location.request.destination = Uri("a.example.org", 5060);
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.1:5060"));
}

TEST(ServerLocatorFallbackTest, ANameTooLongForSrvHasNone) {
  const std::string label(60, 'a');
  const std::string name = label + "." + label + "." + label + "." + label;
  Location location(name + " A 192.0.2.1");
  location.request.destination = Uri(name);
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.1:5060"));
}

}  // namespace
}  // namespace flowbroker::location
