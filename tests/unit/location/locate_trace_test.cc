#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using dns::AnswerStatus;
using dns::RecordType;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

std::vector<std::string> Story(const ServerLocator& locator) {
  std::vector<std::string> story;
  for (const TraceStep& step : locator.trace()) story.push_back(step.subject + ": " + step.reason);
  return story;
}

TEST(ServerLocatorTraceTest, TellsTheWholeStoryInOrder) {
  Location location(R"(
    example.org           NAPTR 10 20 s SIP+D2T "" _sip._tcp.example.org
    example.org           NAPTR 10 10 s SIP+D2S "" _sip._sctp.example.org
    _sip._tcp.example.org 60 SRV 10 60 5070 a.example.org
    a.example.org         A    192.0.2.1
    a.example.org         AAAA 2001:db8::1
  )");
  location.request.destination = Uri("example.org");
  EXPECT_THAT(Story(location.Run()),
              ElementsAre("example.org: neither port nor transport: NAPTR (RFC 3263 s.4.1)",
                          "NAPTR example.org: 2 records, TTL 300 s",
                          "NAPTR example.org: NAPTR SIP+D2T 10/20 to _sip._tcp.example.org",
                          "SRV _sip._tcp.example.org: 1 record, TTL 60 s",
                          "SRV _sip._tcp.example.org: a.example.org:5070 10/60",
                          "AAAA a.example.org: 1 record, TTL 300 s", "A a.example.org: 1 record, TTL 300 s",
                          "2 targets: 1. TCP [2001:db8::1]:5070 (NAPTR SIP+D2T 10/20, SRV 10/60); "
                          "2. TCP 192.0.2.1:5070 (NAPTR SIP+D2T 10/20, SRV 10/60, RFC 6724 rule 6)"));
}

TEST(ServerLocatorTraceTest, SaysWhyItTookAShortcut) {
  Location location("example.org A 192.0.2.1");
  const std::pair<sip::SipUri, std::string> shortcuts[] = {
      {Uri("192.0.2.1"), "192.0.2.1: numeric host: no DNS; default port, UDP by default (RFC 3263 s.4)"},
      {Uri("example.org", 5070), "example.org: explicit port 5070: no SRV; UDP by default (RFC 3263 s.4.2)"},
      {SipsUri("example.org", std::nullopt, Transport::kTcp),
       "example.org: TLS as the URI demands: no NAPTR, SRV of that transport (RFC 3263 s.4.1)"},
  };
  for (const auto& [uri, decision] : shortcuts) {
    location.request.destination = uri;
    EXPECT_EQ(Story(location.Run()).at(0), decision);
  }
}

TEST(ServerLocatorTraceTest, SaysWhatFollowsWhereNothingIsFound) {
  Location location("example.org A 192.0.2.1");
  location.request.destination = Uri("example.org");
  const auto story = Story(location.Run());
  EXPECT_THAT(story,
              ::testing::Contains("example.org: no usable NAPTR: SRV of every allowed transport (RFC 3263 s.4.1)"));
  EXPECT_THAT(story, ::testing::Contains("example.org: no SRV: A and AAAA, UDP port 5060 (RFC 3263 s.4.2)"));
}

TEST(ServerLocatorTraceTest, EveryQuestionHasItsTimesAndItsOrigin) {
  Location location("a A 192.0.2.1");
  location.request.destination = Uri("a", 5060);
  const struct {
    AnswerOrigin origin;
    TraceOutcome outcome;
    std::string reason;
  } kinds[] = {
      {AnswerOrigin::kServer, TraceOutcome::kSucceeded, "1 record, TTL 300 s"},
      {AnswerOrigin::kCache, TraceOutcome::kCacheHit, "1 record, TTL 300 s"},
      {AnswerOrigin::kStale, TraceOutcome::kStale, "1 record, TTL 300 s, expired, but DNS is in trouble"},
      {AnswerOrigin::kShared, TraceOutcome::kSucceeded, "1 record, TTL 300 s, asked by another request"},
  };
  for (const auto& kind : kinds) {
    ServerLocator locator(location.request, location.options, location.sources, location.random);
    const auto questions = locator.Start(location.now);
    ASSERT_EQ(locator.trace().size(), 3U);
    EXPECT_EQ(locator.trace()[2].what, TraceWhat::kDnsQuery);
    EXPECT_EQ(locator.trace()[2].outcome, TraceOutcome::kPending);
    locator.OnAnswer(questions.at(1), location.zone.Answer(questions.at(1)), kind.origin, location.now + 7ms);
    const TraceStep& step = locator.trace()[2];
    EXPECT_EQ(step.subject, "A a");
    EXPECT_EQ(step.start, location.now);
    EXPECT_EQ(step.end, location.now + 7ms);
    EXPECT_EQ(step.outcome, kind.outcome);
    EXPECT_EQ(step.reason, kind.reason);
    EXPECT_FALSE(step.failure);
  }
}

TEST(ServerLocatorTraceTest, TroubleIsAFailedStep) {
  Location location("a A 192.0.2.1");
  location.zone.Break("a", RecordType::kAaaa, AnswerStatus::kServerFailure);
  location.request.destination = Uri("a", 5060);
  const ServerLocator locator = location.Run();
  const TraceStep& step = locator.trace().at(1);
  EXPECT_EQ(step.outcome, TraceOutcome::kFailed);
  EXPECT_EQ(step.failure, FailureReason::kDnsServerFailure);
  EXPECT_EQ(step.reason, "server failure");
}

TEST(ServerLocatorTraceTest, EndsWithTheReasonWhereThereIsNoTarget) {
  Location location("");
  location.request.destination = Uri("example.org");
  const ServerLocator locator = location.Run();
  EXPECT_EQ(locator.trace().back().outcome, TraceOutcome::kFailed);
  EXPECT_EQ(locator.trace().back().failure, FailureReason::kNoSuchName);
}

TEST(ServerLocatorTraceTest, LongOrdersAreCutShort) {
  std::string zone;
  for (int i = 1; i <= 16; ++i) {
    zone += "a A 192.0.2." + std::to_string(i) + "\na AAAA 2001:db8::" + std::to_string(i) + "\n";
  }
  Location location(zone);
  location.request.destination = Uri("a", 5060);
  const ServerLocator locator = location.Run();
  EXPECT_EQ(locator.trace().back().subject, "32 targets");
  EXPECT_TRUE(locator.trace().back().reason.ends_with("; 16 more"));
}

}  // namespace
}  // namespace flowbroker::location
