#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Where responses go (RFC 3263 s.5, RFC 3261 s.18.2.2, RFC 3581 s.4; D4).

constexpr std::string_view kZone = R"(
  _sip._udp.client.example.org  SRV 1 1 5070 a.example.org
  _sips._tcp.client.example.org SRV 1 1 5071 a.example.org
  a.example.org                 A 192.0.2.1
  client.example.org            A 192.0.2.2
)";

Location LocationOf(ResponseDestination response) {
  Location location(kZone);
  location.request.destination = std::move(response);
  return location;
}

std::vector<std::string> Locate(ResponseDestination response) {
  Location location = LocationOf(std::move(response));
  return Names(location.Run());
}

IpAddress Address(const char* text) {
  return *IpAddress::Parse(text);
}

TEST(ResponseLocationTest, UdpGoesToReceivedAndRportFirst) {
  EXPECT_THAT(Locate({Transport::kUdp, "10.0.0.1", 5062, Address("198.51.100.7"), 40000}),
              ElementsAre("UDP 198.51.100.7:40000", "UDP 10.0.0.1:5062"));
}

TEST(ResponseLocationTest, WithoutRportThePortOfSentByIsUsed) {
  EXPECT_THAT(Locate({Transport::kUdp, "10.0.0.1", 5062, Address("198.51.100.7"), std::nullopt}),
              ElementsAre("UDP 198.51.100.7:5062", "UDP 10.0.0.1:5062"));
  EXPECT_THAT(Locate({Transport::kUdp, "10.0.0.1", std::nullopt, Address("198.51.100.7"), std::nullopt}),
              ElementsAre("UDP 198.51.100.7:5060", "UDP 10.0.0.1:5060"));
}

TEST(ResponseLocationTest, StreamsAlsoTryThePortOfSentByAtReceived) {
  EXPECT_THAT(Locate({Transport::kTls, "10.0.0.1", std::nullopt, Address("198.51.100.7"), 40000}),
              ElementsAre("TLS 198.51.100.7:40000", "TLS 198.51.100.7:5061", "TLS 10.0.0.1:5061"));
}

TEST(ResponseLocationTest, RportWithoutReceivedMeansNothing) {
  EXPECT_THAT(Locate({Transport::kUdp, "10.0.0.1", std::nullopt, std::nullopt, 40000}),
              ElementsAre("UDP 10.0.0.1:5060"));
}

TEST(ResponseLocationTest, NumericSentByMayStandInBrackets) {
  EXPECT_THAT(Locate({Transport::kTcp, "[2001:db8::1]", std::nullopt, std::nullopt, std::nullopt}),
              ElementsAre("TCP [2001:db8::1]:5060"));
}

TEST(ResponseLocationTest, SentByWithPortIsAskedForAddressesOnly) {
  Location location = LocationOf({Transport::kUdp, "client.example.org", 5062, std::nullopt, std::nullopt});
  EXPECT_THAT(Names(location.Run()), ElementsAre("UDP 192.0.2.2:5062"));
  EXPECT_THAT(location.asked, ElementsAre("AAAA client.example.org", "A client.example.org"));
}

TEST(ResponseLocationTest, SentByWithoutPortIsAskedForSrvOfTheTransport) {
  EXPECT_THAT(Locate({Transport::kUdp, "client.example.org", std::nullopt, std::nullopt, std::nullopt}),
              ElementsAre("UDP 192.0.2.1:5070"));
  EXPECT_THAT(Locate({Transport::kTls, "client.example.org", std::nullopt, std::nullopt, std::nullopt}),
              ElementsAre("TLS 192.0.2.1:5071"));
}

TEST(ResponseLocationTest, WithoutSrvTheAddressesOfSentByAreUsed) {
  EXPECT_THAT(Locate({Transport::kTcp, "client.example.org", std::nullopt, std::nullopt, std::nullopt}),
              ElementsAre("TCP 192.0.2.2:5060"));
  EXPECT_THAT(Locate({Transport::kTcp, "client.example.org", std::nullopt, Address("198.51.100.7"), std::nullopt}),
              ElementsAre("TCP 198.51.100.7:5060", "TCP 192.0.2.2:5060"));
}

TEST(ResponseLocationTest, ReceivedCanBeUsedBeforeSentByIsResolved) {
  Location location =
      LocationOf({Transport::kUdp, "client.example.org", std::nullopt, Address("198.51.100.7"), std::nullopt});
  ServerLocator locator(location.request, location.options, location.sources, location.random);
  EXPECT_EQ(locator.Start(location.now).size(), 1U);
  EXPECT_THAT(Names(locator), ElementsAre("UDP 198.51.100.7:5060"));
  EXPECT_FALSE(locator.better_may_come());
  EXPECT_FALSE(locator.done());
}

TEST(ResponseLocationTest, AnUnusableSentByDoesNoHarmBesideReceived) {
  EXPECT_THAT(Locate({Transport::kUdp, "not a name", std::nullopt, Address("198.51.100.7"), std::nullopt}),
              ElementsAre("UDP 198.51.100.7:5060"));
  EXPECT_THAT(Locate({Transport::kUdp, "0.0.0.0", std::nullopt, Address("198.51.100.7"), std::nullopt}),
              ElementsAre("UDP 198.51.100.7:5060"));
  EXPECT_THAT(Locate({Transport::kUdp, "nowhere.example.org", 5060, Address("198.51.100.7"), std::nullopt}),
              ElementsAre("UDP 198.51.100.7:5060"));
}

TEST(ResponseLocationTest, LocalhostNeedsNoDns) {
  Location location = LocationOf({Transport::kTcp, "localhost", std::nullopt, std::nullopt, std::nullopt});
  location.request.allow_ipv6 = false;
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 127.0.0.1:5060"));
  EXPECT_THAT(location.asked, IsEmpty());
}

Failure FailureOfResponse(ResponseDestination response) {
  return LocationOf(std::move(response)).Run().failure();
}

TEST(ResponseLocationTest, NamesTheFieldAtFault) {
  const auto none = std::nullopt;
  EXPECT_EQ(FailureOfResponse({Transport::kUdp, "not a name", none, none, none}).field,
            "destination.response.sent_by_host");
  EXPECT_EQ(FailureOfResponse({Transport::kUdp, "", none, none, none}).field, "destination.response.sent_by_host");
  EXPECT_EQ(FailureOfResponse({Transport::kUdp, "224.0.0.1", none, none, none}).field,
            "destination.response.sent_by_host");
  EXPECT_EQ(FailureOfResponse({Transport::kUdp, "10.0.0.1", none, Address("0.0.0.0"), none}).field,
            "destination.response.received");
  EXPECT_EQ(FailureOfResponse({Transport::kUdp, "10.0.0.1", 0, none, none}).field, "destination.response.sent_by_port");
  Location location = LocationOf({Transport::kUdp, "10.0.0.1", none, none, none});
  location.request.allowed_transports = TransportSet::Of(Transport::kTls);
  EXPECT_EQ(location.Run().failure().field, "destination.allowed_transports");
}

}  // namespace
}  // namespace flowbroker::location
