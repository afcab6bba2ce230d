#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using dns::AnswerStatus;
using dns::RecordType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Failure FailureOfUri(const sip::SipUri& uri, TransportSet allowed = TransportSet::All()) {
  Location location("");
  location.request.destination = uri;
  location.request.allowed_transports = allowed;
  const ServerLocator locator = location.Run();
  EXPECT_TRUE(locator.done());
  EXPECT_THAT(Names(locator), IsEmpty());
  EXPECT_THAT(location.asked, IsEmpty());
  EXPECT_EQ(locator.trace().size(), 1U) << "the trace says why, once";
  return locator.failure();
}

TEST(ServerLocatorFailureTest, SipsExcludesUdp) {
  for (const char* host : {"example.org", "192.0.2.1"}) {
    const Failure failure = FailureOfUri(SipsUri(host, std::nullopt, Transport::kUdp));
    EXPECT_EQ(failure.reason, FailureReason::kInvalidArgument);
    EXPECT_EQ(failure.field, "destination.uri");
    EXPECT_THAT(failure.detail, HasSubstr("transport=udp"));
  }
}

TEST(ServerLocatorFailureTest, DemandsMustBeAmongTheAllowedTransports) {
  const Failure sips = FailureOfUri(SipsUri("example.org"), TransportSet::Of(Transport::kTcp));
  EXPECT_EQ(sips.reason, FailureReason::kInvalidArgument);
  EXPECT_EQ(sips.field, "destination.allowed_transports");
  const Failure tcp = FailureOfUri(Uri("example.org", 5060, Transport::kTcp), TransportSet::Of(Transport::kUdp));
  EXPECT_EQ(tcp.field, "destination.allowed_transports");
  EXPECT_THAT(tcp.detail, HasSubstr("TCP"));
  EXPECT_EQ(FailureOfUri(Uri("example.org"), TransportSet()).field, "destination.allowed_transports");
}

TEST(ServerLocatorFailureTest, HostsMustBeNamesOrUnicastAddresses) {
  for (const char* host : {"", ".", "exa mple.org", "a..b", "0.0.0.0", "255.255.255.255", "224.0.1.75", "::", "ff02::1",
                           "::ffff:192.0.2.1", "\xc3\xbc.de"}) {
    const Failure failure = FailureOfUri(Uri(host));
    EXPECT_EQ(failure.reason, FailureReason::kInvalidArgument) << host;
    EXPECT_EQ(failure.field, "destination.uri") << host;
  }
  EXPECT_EQ(FailureOfUri(Uri("example.org", 0)).field, "destination.uri");
}

TEST(ServerLocatorFailureTest, NumericHostOfAForbiddenFamilyHasNoLocalAddress) {
  Location location("");
  location.request.destination = Uri("2001:db8::1");
  location.request.allow_ipv6 = false;
  EXPECT_EQ(location.Run().failure().reason, FailureReason::kNoLocalAddress);
  location.request.allow_ipv4 = false;
  location.request.destination = Uri("example.org");
  EXPECT_EQ(location.Run().failure().reason, FailureReason::kNoLocalAddress);
}

TEST(ServerLocatorFailureTest, NxdomainOfTheDomainIsConclusive) {
  Location location("example.com A 192.0.2.1");
  location.request.destination = Uri("example.org");
  const ServerLocator locator = location.Run();
  EXPECT_THAT(location.asked, ElementsAre("NAPTR example.org"));
  EXPECT_EQ(locator.failure().reason, FailureReason::kNoSuchName);
  EXPECT_THAT(locator.failure().detail, HasSubstr("example.org"));
}

TEST(ServerLocatorFailureTest, NxdomainEverywhereIsNoSuchName) {
  Location location("example.com A 192.0.2.1");
  location.request.destination = Uri("example.org", 5060);
  EXPECT_EQ(location.Run().failure().reason, FailureReason::kNoSuchName);
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  EXPECT_EQ(location.Run().failure().reason, FailureReason::kNoSuchName);
}

TEST(ServerLocatorFailureTest, ANameWithoutUsableRecordsIsNoRecords) {
  Location location("www.example.org A 192.0.2.1");
  location.request.destination = Uri("example.org");
  const Failure failure = location.Run().failure();
  EXPECT_EQ(failure.reason, FailureReason::kNoRecords);
  EXPECT_EQ(failure.detail,
            "NAPTR example.org: no records, TTL 60 s; SRV _sips._tcp.example.org: no such name, TTL 60 s; "
            "SRV _sip._tcp.example.org: no such name, TTL 60 s; SRV _sip._udp.example.org: no such name, TTL 60 s; "
            "AAAA example.org: no records, TTL 60 s; A example.org: no records, TTL 60 s");
}

TEST(ServerLocatorFailureTest, SrvHostsThatDoNotExistAreNoRecords) {
  Location location("_sip._tcp.example.org SRV 1 1 5060 nowhere.example.org");
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  const Failure failure = location.Run().failure();
  EXPECT_EQ(failure.reason, FailureReason::kNoRecords);
  EXPECT_THAT(failure.detail, HasSubstr("A nowhere.example.org: no such name"));
}

TEST(ServerLocatorFailureTest, AddressesNobodyCanSendToAreNoRecords) {
  Location location(R"(
    a.example.org A    0.0.0.0
    a.example.org AAAA ::ffff:127.0.0.1
  )");
  location.request.destination = Uri("a.example.org", 5060);
  EXPECT_EQ(location.Run().failure().reason, FailureReason::kNoRecords);
}

TEST(ServerLocatorFailureTest, DnsTroubleIsReportedAsSuch) {
  const std::pair<AnswerStatus, FailureReason> kinds[] = {
      {AnswerStatus::kTimedOut, FailureReason::kDnsTimedOut},
      {AnswerStatus::kServerFailure, FailureReason::kDnsServerFailure},
      {AnswerStatus::kMalformed, FailureReason::kDnsMalformed},
  };
  for (const auto& [status, reason] : kinds) {
    Location location("");
    location.zone.Break("a.example.org", RecordType::kA, status);
    location.request.destination = Uri("a.example.org", 5060);
    const Failure failure = location.Run().failure();
    EXPECT_EQ(failure.reason, reason);
    EXPECT_THAT(failure.detail, HasSubstr("A a.example.org: " + std::string(dns::ToString(status))));
  }
}

}  // namespace
}  // namespace flowbroker::location
