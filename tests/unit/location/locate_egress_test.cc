#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The egress policy: no name is a way around it.

constexpr std::string_view kZone = R"(
  inside.example.org      A 127.0.0.1
  inside.example.org      AAAA ::1
  mixed.example.org       A 169.254.169.254
  mixed.example.org       A 192.0.2.1
  mixed.example.org       AAAA 64:ff9b::7f00:1
  mixed.example.org       AAAA 2001:db8::1
  _sip._tcp.srv.example.org  SRV 1 1 5060 inside.example.org
  _sip._tcp.srv.example.org  SRV 2 1 5060 mixed.example.org
  _sip._tcp.trap.example.org SRV 1 1 22 inside.example.org
  trap.example.org        A 192.0.2.9
  alias.example.org       CNAME inside.example.org
)";

Location Under(const EgressPolicy& policy, std::variant<sip::SipUri, ResponseDestination> destination) {
  Location location(kZone);
  location.request.destination = std::move(destination);
  location.request.egress = std::make_shared<const EgressPolicy>(policy);
  return location;
}

std::vector<const TraceStep*> ForbiddenSteps(const ServerLocator& locator) {
  std::vector<const TraceStep*> steps;
  for (const TraceStep& step : locator.trace()) {
    if (step.failure == FailureReason::kForbidden) steps.push_back(&step);
  }
  return steps;
}

TEST(LocateEgressTest, ForbiddenAddressesAreNoTargetsAndTheTraceSaysSo) {
  Location location = Under({}, Uri("mixed.example.org", 5060, Transport::kTcp));
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), ::testing::UnorderedElementsAre("TCP [2001:db8::1]:5060", "TCP 192.0.2.1:5060"));
  std::string told;
  for (const TraceStep* step : ForbiddenSteps(locator)) {
    EXPECT_EQ(step->outcome, TraceOutcome::kFailed);
    told += step->reason;
  }
  EXPECT_THAT(told, HasSubstr("TCP 169.254.169.254:5060"));
  EXPECT_THAT(told, HasSubstr("TCP [64:ff9b::7f00:1]:5060"));
  EXPECT_EQ(told.find("192.0.2.1"), std::string::npos);
}

TEST(LocateEgressTest, EveryForbiddenTargetIsToldOnce) {
  Location location = Under({}, Uri("srv.example.org", std::nullopt, Transport::kTcp));
  const ServerLocator locator = location.Run();
  std::string told;
  for (const TraceStep* step : ForbiddenSteps(locator)) told += step->reason;
  EXPECT_EQ(told.find("TCP 127.0.0.1:5060"), told.rfind("TCP 127.0.0.1:5060")) << told;
  EXPECT_THAT(told, HasSubstr("TCP 127.0.0.1:5060"));
}

TEST(LocateEgressTest, WhereAllIsForbiddenTheLocationFailsWithThatAndTheAddress) {
  for (const char* host : {"inside.example.org", "alias.example.org", "localhost"}) {
    Location location = Under({}, Uri(host, 5060, Transport::kTcp));
    const ServerLocator locator = location.Run();
    ASSERT_TRUE(locator.done());
    EXPECT_THAT(Names(locator), IsEmpty());
    EXPECT_EQ(locator.failure().reason, FailureReason::kForbidden) << host;
    EXPECT_THAT(locator.failure().detail, HasSubstr("127.0.0.1:5060"));
  }
}

TEST(LocateEgressTest, NumericHostsAreJudgedToo) {
  for (const char* host : {"127.0.0.1", "::1", "169.254.169.254", "fe80::1", "64:ff9b::7f00:1", "2002:7f00:1::"}) {
    Location location = Under({}, Uri(host, std::nullopt, Transport::kUdp));
    const ServerLocator locator = location.Run();
    EXPECT_THAT(Names(locator), IsEmpty()) << host;
    EXPECT_EQ(locator.failure().reason, FailureReason::kForbidden) << host;
    EXPECT_THAT(location.asked, IsEmpty());
  }
}

TEST(LocateEgressTest, AForbiddenTargetOfSrvDoesNotLeadToTheAddressesOfTheDomain) {
  Location location = Under({}, Uri("trap.example.org", std::nullopt, Transport::kTcp));
  EXPECT_THAT(Names(location.Run()), IsEmpty()) << "RFC 3263 s.4.2: only without SRV records";
}

TEST(LocateEgressTest, ResponsesGoNeitherToAForbiddenReceivedNorToAForbiddenSentBy) {
  const auto loopback = *IpAddress::Parse("127.0.0.1");
  const auto peer = *IpAddress::Parse("192.0.2.1");
  const auto names = [](ResponseDestination response) { return Names(Under({}, std::move(response)).Run()); };
  EXPECT_THAT(names({Transport::kUdp, "192.0.2.1", 5062, loopback, 7460}), ElementsAre("UDP 192.0.2.1:5062"));
  EXPECT_THAT(names({Transport::kUdp, "127.0.0.1", 5062, peer, 40000}), ElementsAre("UDP 192.0.2.1:40000"));
  EXPECT_THAT(names({Transport::kTcp, "inside.example.org", 5062, peer, 40000}),
              ElementsAre("TCP 192.0.2.1:40000", "TCP 192.0.2.1:5062"));
  EXPECT_THAT(names({Transport::kTcp, "[::1]", std::nullopt, loopback, 40000}), IsEmpty());
}

TEST(LocateEgressTest, PortsCountAsTheyAreLocated) {
  const EgressPolicy policy{.deny = {*EgressRule::Parse("192.0.2.0/24:5062")}};
  Location location =
      Under(policy, ResponseDestination{Transport::kTcp, "192.0.2.1", 5062, *IpAddress::Parse("192.0.2.1"), 40000});
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 192.0.2.1:40000"));
}

TEST(LocateEgressTest, WithoutAPolicyNothingIsForbidden) {
  Location location(kZone);
  location.request.destination = Uri("127.0.0.1", 5060, Transport::kTcp);
  EXPECT_THAT(Names(location.Run()), ElementsAre("TCP 127.0.0.1:5060"));
}

}  // namespace
}  // namespace flowbroker::location
