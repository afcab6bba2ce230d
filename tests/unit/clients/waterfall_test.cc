#include "clients/cli/waterfall.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

using namespace std::chrono_literals;
using client::Trace;
using client::TraceOutcome;
using client::TraceStep;
using client::TraceWhat;

TraceStep Step(TraceWhat what, std::string subject, client::Duration start, std::optional<client::Duration> end,
               TraceOutcome outcome, std::string reason = {}, std::string failure = {}) {
  TraceStep step;
  step.what = what;
  step.subject = std::move(subject);
  step.start = start;
  step.end = end;
  step.outcome = outcome;
  step.reason = std::move(reason);
  step.failure = std::move(failure);
  return step;
}

// IPv6 drops packets: the second attempt starts after the attempt delay and wins.
Trace BlackHole() {
  Trace trace;
  trace.steps = {
      Step(TraceWhat::kPool, "pool", 0us, 0us, TraceOutcome::kSucceeded, "no usable flow"),
      Step(TraceWhat::kDnsQuery, "NAPTR example.test", 20us, 1200us, TraceOutcome::kSucceeded, "2 records, TTL 300 s"),
      Step(TraceWhat::kDnsQuery, "SRV _sip._tcp.example.test", 1200us, 2100us, TraceOutcome::kSucceeded, "1 record"),
      Step(TraceWhat::kDnsQuery, "AAAA sip.example.test", 2100us, 2100us, TraceOutcome::kCacheHit, "TTL 280 s"),
      Step(TraceWhat::kAttempt, "TCP [2001:db8:1::10]:5060", 2500us, 243100us, TraceOutcome::kLost,
           "another attempt was faster", "lost_race"),
      Step(TraceWhat::kAttempt, "TCP 192.0.2.10:5060", 202500us, 243100us, TraceOutcome::kWon)};
  return trace;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(WaterfallTest, LooksLikeThis) {
  EXPECT_EQ(RenderWaterfall(BlackHole(), {.columns = 100, .colour = false}),
            R"(                             0          100      243.1 ms
  pool                       no usable flow
  NAPTR example.test         ▏                              1.2 ms  2 records, TTL 300 s
  SRV _sip._tcp.example.test ▏                              0.9 ms  1 record
  AAAA sip.example.test      ◆                                      cached, TTL 280 s
  TCP [2001:db8:1::10]:5060  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 240.6 ms  lost: another attempt was faster
  TCP 192.0.2.10:5060                               ▐████  40.6 ms  won
)");
}

TEST(WaterfallTest, NoLineIsWiderThanTheCanvas) {
  Trace trace = BlackHole();
  trace.steps[4].subject += std::string(200, 'x');
  trace.steps[4].reason += std::string(300, 'y');
  trace.steps[0].reason = std::string(300, 'z');
  for (const std::size_t columns : {60U, 80U, 100U, 200U}) {
    for (const std::string& line : Lines(RenderWaterfall(trace, {.columns = columns, .colour = false}))) {
      EXPECT_LE(Columns(line), columns) << line;
    }
  }
}

TEST(WaterfallTest, LongReasonsAreWrappedNotCut) {
  Trace trace = BlackHole();
  trace.steps[4] =
      Step(TraceWhat::kAttempt, "TLS 192.0.2.1:5061", 0us, 60ms, TraceOutcome::kFailed,
           "wanted sip.example.org, certificate has a.example.org and b.example.org", "certificate_mismatch");
  const std::string text = RenderWaterfall(trace, {.columns = 80, .colour = false});
  for (const char* word : {"certificate_mismatch:", "sip.example.org,", "a.example.org", "b.example.org"}) {
    EXPECT_NE(text.find(word), std::string::npos) << text;
  }
}

TEST(WaterfallTest, ColourTellsWinnerLoserAndFailure) {
  Trace trace = BlackHole();
  trace.steps.push_back(
      Step(TraceWhat::kAttempt, "TCP 192.0.2.11:5060", 0us, 40ms, TraceOutcome::kFailed, "", "refused"));
  const std::string text = RenderWaterfall(trace, {.columns = 100, .colour = true});
  EXPECT_NE(text.find("\033[32mwon"), std::string::npos) << text;
  EXPECT_NE(text.find("\033[31mrefused"), std::string::npos) << text;
  EXPECT_NE(text.find("\033[2mlost"), std::string::npos) << text;
  EXPECT_EQ(RenderWaterfall(trace, {.columns = 100, .colour = false}).find('\033'), std::string::npos);
}

TEST(WaterfallTest, HostileTextCannotControlTheTerminal) {
  Trace trace;
  trace.steps = {Step(TraceWhat::kAttempt, "TCP \033[2J", 0us, 1ms, TraceOutcome::kFailed, "\033]0;x\a\nfoo", "\033c")};
  const std::string text = RenderWaterfall(trace, {.columns = 100, .colour = false});
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(Lines(text).size(), 2U) << text;
}

TEST(WaterfallTest, StepsThatAreNotOverReachTheEndOfTheAxis) {
  Trace trace;
  trace.steps = {Step(TraceWhat::kAttempt, "TCP 192.0.2.1:5060", 0us, std::nullopt, TraceOutcome::kPending)};
  const std::string text = RenderWaterfall(trace, {.columns = 100, .colour = false}, 5s);
  EXPECT_NE(text.find("5 s"), std::string::npos) << text;
  EXPECT_NE(text.find("░░░░"), std::string::npos) << text;
  EXPECT_NE(text.find("not over"), std::string::npos) << text;
}

TEST(WaterfallTest, OrderHasALinePerTarget) {
  Trace trace;
  trace.steps = {Step(TraceWhat::kOrdering, "2 targets", 0us, 0us, TraceOutcome::kSucceeded,
                      "1. TCP 192.0.2.1:5060 (SRV 10/60); 2. UDP 192.0.2.2:5060 (SRV 10/40; rule 6)")};
  EXPECT_EQ(RenderWaterfall(trace, {.columns = 100, .colour = false}),
            R"(  2 targets    1. TCP 192.0.2.1:5060 (SRV 10/60)
               2. UDP 192.0.2.2:5060 (SRV 10/40; rule 6)
)");
}

TEST(WaterfallTest, EmptyTraceIsEmptyText) {
  EXPECT_EQ(RenderWaterfall(Trace{}, {}), "");
}

TEST(WaterfallTest, ATraceWithoutDurationStillShowsItsSteps) {
  Trace trace;
  trace.steps = {Step(TraceWhat::kAttempt, "TCP 192.0.2.1:5060", 0us, 0us, TraceOutcome::kWon)};
  EXPECT_NE(RenderWaterfall(trace, {}).find("won"), std::string::npos);
}

TEST(WaterfallTest, AbsurdTimesDoNoHarm) {
  Trace trace;
  trace.steps = {Step(TraceWhat::kAttempt, "a", -5s, 10s, TraceOutcome::kWon),
                 Step(TraceWhat::kAttempt, "b", 20s, 10s, TraceOutcome::kLost)};
  EXPECT_EQ(Lines(RenderWaterfall(trace, {.columns = 10, .colour = false})).size(), 3U);
}

TEST(RenderAcquiredTest, SaysWhatCameOfItFirstAndLast) {
  client::AcquiredFlow flow;
  flow.flow_id = "3kQ";
  flow.transport = client::Transport::kTcp;
  flow.family = client::AddressFamily::kIpv4;
  flow.local = {.address = "192.0.2.1", .port = 40112};
  flow.remote = {.address = "192.0.2.10", .port = 5060};
  flow.source = client::FlowSource::kRaced;
  flow.trace = BlackHole();
  const auto lines = Lines(RenderAcquired("sip:alice@example.test", flow, {.columns = 100, .colour = false}));
  ASSERT_GE(lines.size(), 3U);
  EXPECT_EQ(lines.front().substr(0, 22), "sip:alice@example.test");
  EXPECT_TRUE(lines.front().ends_with("IPv4 TCP in 243.1 ms, raced")) << lines.front();
  EXPECT_EQ(Columns(lines.front()), 100U);
  EXPECT_EQ(lines.back(), "flow 3kQ  TCP 192.0.2.1:40112 → 192.0.2.10:5060  T1 500 ms, Timer B/F 32 s");
}

TEST(RenderErrorTest, ShowsCodeFailureMessageAndTheStorySoFar) {
  client::Error error{.code = client::Code::kUnavailable,
                      .failure = "refused",
                      .message = "all 2 targets failed",
                      .trace = BlackHole()};
  const std::string text = RenderError("sip:x", error, 250ms, {.columns = 100, .colour = false});
  EXPECT_NE(text.find("UNAVAILABLE refused after 250 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("all 2 targets failed"), std::string::npos);
  EXPECT_NE(text.find("NAPTR example.test"), std::string::npos);
}

TEST(WaterfallTest, TellsTheOvertakenFromThoseThatOnlyLost) {
  Trace trace = BlackHole();
  trace.steps[4].failure = "overtaken";
  EXPECT_NE(RenderWaterfall(trace, {}).find("overtaken: another attempt was faster"), std::string::npos);
  EXPECT_EQ(RenderWaterfall(BlackHole(), {}).find("overtaken"), std::string::npos);
}

}  // namespace
}  // namespace flowbroker::cli
