#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// What the trace says was left out, all in one.
std::string LeftOut(const ServerLocator& locator) {
  std::string text;
  for (const TraceStep& step : locator.trace()) {
    if (step.subject == "left out") text += step.reason + "\n";
  }
  return text;
}

std::string ManyHosts(int count, const std::string& owner) {
  std::string zone;
  for (int i = 0; i < count; ++i) {
    const std::string host = "h" + std::to_string(i) + ".example.org";
    zone += owner + " SRV " + std::to_string(i) + " 0 5060 " + host + "\n";
    zone += host + " A 192.0.2." + std::to_string(i + 1) + "\n";
  }
  return zone;
}

TEST(ServerLocatorLimitsTest, NoMoreHostsThanAllowed) {
  Location location(ManyHosts(5, "_sip._tcp.example.org"));
  location.options.max_hosts = 3;
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), ElementsAre("TCP 192.0.2.1:5060", "TCP 192.0.2.2:5060", "TCP 192.0.2.3:5060"));
  EXPECT_EQ(LeftOut(locator), "2 records of SRV _sip._tcp.example.org\n");
}

TEST(ServerLocatorLimitsTest, HostsOfSeveralTransportsShareTheLimit) {
  Location location(ManyHosts(2, "_sip._tcp.example.org") + ManyHosts(3, "_sip._udp.example.org"));
  location.options.max_hosts = 2;
  location.request.destination = Uri("example.org");
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), SizeIs(4)) << "two names, each reached over both transports";
  EXPECT_THAT(location.asked, Not(Contains("A h2.example.org")));
}

TEST(ServerLocatorLimitsTest, AnswersThatComeEarlyLeaveRoomForBetterOnes) {
  Location location(ManyHosts(4, "_sip._udp.example.org") + R"(
    _sips._tcp.example.org SRV 1 1 5061 best.example.org
    best.example.org       A 192.0.2.100
  )");
  location.options.max_hosts = 3;
  location.request.destination = Uri("example.org");
  ServerLocator locator(location.request, location.options, location.sources, location.random);
  auto questions = locator.Start(location.now);
  questions =
      locator.OnAnswer(questions.at(0), location.zone.Answer(questions.at(0)), AnswerOrigin::kServer, location.now);
  std::reverse(questions.begin(), questions.end());  // UDP is answered first, TLS last
  while (!questions.empty()) {
    const dns::Question question = questions.front();
    questions.erase(questions.begin());
    const auto more = locator.OnAnswer(question, location.zone.Answer(question), AnswerOrigin::kServer, location.now);
    questions.insert(questions.end(), more.begin(), more.end());
  }
  EXPECT_TRUE(locator.done());
  EXPECT_THAT(Names(locator), ElementsAre("TLS 192.0.2.100:5061", "UDP 192.0.2.1:5060", "UDP 192.0.2.2:5060"));
  EXPECT_THAT(LeftOut(locator), HasSubstr("1 hosts: more than 3 names"));
}

TEST(ServerLocatorLimitsTest, NoMoreQuestionsThanAllowed) {
  Location location(ManyHosts(5, "_sip._tcp.example.org"));
  location.options.max_questions = 4;
  location.request.destination = Uri("example.org", std::nullopt, Transport::kTcp);
  const ServerLocator locator = location.Run();
  EXPECT_THAT(location.asked, ElementsAre("SRV _sip._tcp.example.org", "AAAA h0.example.org", "A h0.example.org",
                                          "AAAA h1.example.org"));
  EXPECT_THAT(Names(locator), ElementsAre("TCP 192.0.2.1:5060"));
  EXPECT_THAT(LeftOut(locator), HasSubstr("A h1.example.org: more than 4 questions"));
}

TEST(ServerLocatorLimitsTest, ALimitThatLeavesNothingIsNamed) {
  Location location("example.org A 192.0.2.1");
  location.options.max_questions = 2;
  location.request.destination = Uri("example.org");
  const ServerLocator locator = location.Run();
  EXPECT_TRUE(locator.done());
  EXPECT_EQ(locator.failure().reason, FailureReason::kLimitReached);
  location.options.max_questions = 0;
  EXPECT_TRUE(location.Run().done());
  EXPECT_THAT(Names(location.Run()), IsEmpty());
}

TEST(ServerLocatorLimitsTest, NoMoreAddressesOfOneHostAndFamilyThanAllowed) {
  std::string zone;
  for (int i = 1; i < 9; ++i) {
    zone += "a.example.org A 192.0.2." + std::to_string(i) + "\n";
    zone += "a.example.org AAAA 2001:db8::" + std::to_string(i) + "\n";
  }
  Location location(zone);
  location.options.max_addresses_per_host = 2;
  location.request.destination = Uri("a.example.org", 5060);
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), ElementsAre("UDP [2001:db8::1]:5060", "UDP [2001:db8::2]:5060", "UDP 192.0.2.1:5060",
                                          "UDP 192.0.2.2:5060"));
  EXPECT_THAT(LeftOut(locator), HasSubstr("6 addresses of AAAA a.example.org: unusable, or more than 2"));
}

TEST(ServerLocatorLimitsTest, NaptrChainsEnd) {
  std::string zone;
  for (int i = 0; i < 9; ++i) {
    zone += "n" + std::to_string(i) + R"( NAPTR 1 1 "" "" "" n)" + std::to_string(i + 1) + "\n";
  }
  Location location(zone);
  location.options.max_naptr_steps = 3;
  location.request.destination = Uri("n0");
  const ServerLocator locator = location.Run();
  EXPECT_THAT(location.asked, Contains("NAPTR n3"));
  EXPECT_THAT(location.asked, Not(Contains("NAPTR n4")));
  EXPECT_THAT(LeftOut(locator), HasSubstr("more than 3 non-terminal steps"));
}

TEST(ServerLocatorLimitsTest, NaptrRingsAreGoneRoundOnce) {
  Location location(R"(
    a NAPTR 1 1 "" "" "" b
    a NAPTR 1 1 "" "" "" a
    b NAPTR 1 1 "" "" "" a
    b NAPTR 1 1 "" "" "" b
  )");
  location.request.destination = Uri("a");
  const ServerLocator locator = location.Run();
  EXPECT_TRUE(locator.done());
  const auto reads_b = [](const TraceStep& step) {
    return step.what == TraceWhat::kSelection && step.subject == "NAPTR b";
  };
  EXPECT_EQ(std::count_if(locator.trace().begin(), locator.trace().end(), reads_b), 1);
}

TEST(ServerLocatorLimitsTest, ASmallZoneCannotMakeALongList) {
  std::string zone = "h A 192.0.2.1\n";
  for (int i = 0; i < 200; ++i) {
    zone += "d NAPTR 1 1 s SIP+D2T \"\" s" + std::to_string(i % 40) + "\n";
    for (int j = 0; j < 40; ++j) {
      zone += "s" + std::to_string(i % 40) + " SRV 1 1 " + std::to_string(1000 + i * 40 + j) + " h\n";
    }
  }
  Location location(zone);
  location.request.destination = Uri("d");
  const ServerLocator locator = location.Run();
  EXPECT_THAT(Names(locator), SizeIs(64));
  EXPECT_THAT(LeftOut(locator), HasSubstr("more than the 64 followed at one time"));
  EXPECT_THAT(LeftOut(locator), HasSubstr("184 NAPTR records"));
}

}  // namespace
}  // namespace flowbroker::location
