#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "service/telemetry/broker_telemetry.h"
#include "service/telemetry/rate_limiter.h"
#include "service/telemetry/request_log.h"
#include "tests/unit/service/telemetry_support.h"

namespace flowbroker::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RateLimiterTest, LetsABurstThroughThenOnePerInterval) {
  RateLimiter limiter(3, seconds(1));
  const TimePoint start(seconds(100));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take(start).pass);
  EXPECT_FALSE(limiter.Take(start).pass);
  EXPECT_FALSE(limiter.Take(start + milliseconds(999)).pass);
  const auto verdict = limiter.Take(start + seconds(1));
  EXPECT_TRUE(verdict.pass);
  EXPECT_EQ(verdict.suppressed, 2U);
  EXPECT_FALSE(limiter.Take(start + seconds(1)).pass);
}

TEST(BrokerTelemetryTest, LogsAFailedAcquireAsOneLineOfJson) {
  Pipe pipe;
  {
    LogWriter writer(pipe.in());
    JsonLog log(writer, config::LogLevel::kInfo);
    BrokerTelemetry telemetry(log, seconds(1));
    telemetry.OnAcquired(Answered(Failed(FailureReason::kTimedOut)).After(seconds(2)));
  }
  const std::string text = pipe.ReadAll();
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = boost::json::parse(text).as_object();
  EXPECT_EQ(line.at("event").as_string(), "acquire_failed");
  EXPECT_EQ(line.at("reason").as_string(), "timed_out");
  EXPECT_EQ(line.at("detail").as_string(), "why \"so\"\n");
  EXPECT_EQ(line.at("level").as_string(), "warn");
}

TEST(BrokerTelemetryTest, NamesTheRequestTheCallersTraceAndTheTenantButNoUser) {
  Pipe pipe;
  {
    LogWriter writer(pipe.in());
    JsonLog log(writer, config::LogLevel::kInfo);
    BrokerTelemetry telemetry(log, seconds(1));
    Answered slow(Succeeded(engine::FlowSource::kRaced));
    slow.owner() = {"spiffe://example.org/proxy", "edge"};
    auto acquire = slow.After(seconds(2));
    acquire.request_id = "call-7";
    acquire.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    acquire.stale_dns = true;
    telemetry.OnAcquired(acquire);
  }
  const std::string text = pipe.ReadAll();
  const auto line = boost::json::parse(text).as_object();
  EXPECT_EQ(line.at("event").as_string(), "acquire_slow");
  EXPECT_EQ(line.at("request_id").as_string(), "call-7");
  EXPECT_EQ(line.at("traceparent").as_string(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(line.at("trace_id").as_string(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(line.at("parent_id").as_string(), "b7ad6b7169203331");
  EXPECT_EQ(line.at("tenant").as_string(), "spiffe://example.org/proxy");
  EXPECT_EQ(line.at("client_group").as_string(), "edge");
  EXPECT_EQ(line.at("host").as_string(), "example.org");
  EXPECT_EQ(line.at("source").as_string(), "raced");
  EXPECT_TRUE(line.at("stale_dns").as_bool());
  for (const char* secret : {"alice", "secret", "phone", "private"}) EXPECT_THAT(text, Not(HasSubstr(secret)));
}

TEST(BrokerTelemetryTest, ANoisyTenantDoesNotSilenceAnother) {
  Pipe pipe;
  {
    LogWriter writer(pipe.in());
    JsonLog log(writer, config::LogLevel::kInfo);
    BrokerTelemetry telemetry(log, seconds(1));
    Answered noisy(Failed(FailureReason::kTimedOut));
    noisy.owner().tenant = "noisy.example.org";
    for (int i = 0; i < 1000; ++i) telemetry.OnAcquired(noisy.After(seconds(1)));
    Answered quiet(Failed(FailureReason::kTimedOut));
    quiet.owner().tenant = "quiet.example.org";
    telemetry.OnAcquired(quiet.After(seconds(1)));
  }
  const std::string text = pipe.ReadAll();
  EXPECT_THAT(text, HasSubstr("quiet.example.org"));
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 100);  // the noisy one is still held back
}

TEST(TenantRateLimiterTest, IsBoundedHoweverManyTenantsThereAre) {
  TenantRateLimiter limiter(3, seconds(1));
  std::size_t passed = 0;
  for (int i = 0; i < 10'000; ++i) passed += limiter.Take(std::to_string(i), TimePoint(seconds(9))).pass ? 1 : 0;
  EXPECT_EQ(passed, 3 * TenantRateLimiter::kShares);
}

TEST(BrokerTelemetryTest, TheStoryOfASlowRaceIsLoggedThoughTheCallerDidNotWantIt) {
  Pipe pipe;
  {
    LogWriter writer(pipe.in());
    JsonLog log(writer, config::LogLevel::kInfo);
    BrokerTelemetry telemetry(log, seconds(1));
    const Answered slow(Succeeded(engine::FlowSource::kRaced));
    const std::function<Trace()> story = [] {
      return Trace{{}, {{TraceWhat::kAttempt, {}, {}, "TCP 192.0.2.1:5060", TraceOutcome::kWon, ""}}};
    };
    auto acquire = slow.After(seconds(2));
    acquire.story = &story;
    telemetry.OnAcquired(acquire);
  }
  EXPECT_THAT(pipe.ReadAll(), HasSubstr(R"("subject":"TCP 192.0.2.1:5060","outcome":"won")"));
}

TEST(RequestFieldsTest, GarbageInPlaceOfATraceContextIsNotPassedOn) {
  const Answered failed(Failed(FailureReason::kTimedOut));
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto fields_of = [&](std::string_view trace_parent) {
    auto acquire = failed.After(seconds(1));
    acquire.trace_parent = trace_parent;
    return RequestFields(acquire);
  };
  EXPECT_TRUE(fields_of(good).contains("trace_id"));
  EXPECT_EQ(fields_of("01" + good.substr(2) + "-more").at("traceparent").as_string().size(), good.size());
  for (const std::string& bad :
       std::vector<std::string>{"x", good + "0", good + "-more", "ff" + good.substr(2), std::string(4096, '0'),
                                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                                "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01"}) {
    EXPECT_FALSE(fields_of(bad).contains("traceparent")) << bad;
    EXPECT_FALSE(fields_of(bad).contains("trace_id")) << bad;
  }
}

TEST(RequestFieldsTest, CutsWhatCallersMakeTooLong) {
  const std::string id(5000, 'x');
  const Answered failed(Failed(FailureReason::kTimedOut));
  auto acquire = failed.After(seconds(1));
  acquire.request_id = id;
  EXPECT_EQ(RequestFields(acquire).at("request_id").as_string().size(), 256U);
}

TEST(BrokerTelemetryTest, KeepsTheCallersOwnMistakesOutOfTheLog) {
  Pipe pipe;
  {
    LogWriter writer(pipe.in());
    JsonLog log(writer, config::LogLevel::kInfo);
    BrokerTelemetry telemetry(log, seconds(1));
    telemetry.OnAcquired(Answered(Failed(FailureReason::kInvalidArgument)).After(seconds(2)));
    telemetry.OnAcquired(Answered(Failed(FailureReason::kCancelled)).After(seconds(2)));
  }
  EXPECT_EQ(pipe.ReadAll(), "");
}

TEST(BrokerTelemetryTest, CountsReportsByOutcomeAndWhetherTheirFlowIsOpen) {
  LogWriter writer(-1);
  JsonLog log(writer, config::LogLevel::kError);
  BrokerTelemetry telemetry(log, seconds(1));
  telemetry.OnReport(engine::TransactionReport::Outcome::kServiceUnavailable, false);
  telemetry.OnReport(engine::TransactionReport::Outcome::kAnswered, true);
  telemetry.OnReport(engine::TransactionReport::Outcome::kAnswered, true);
  const std::string text = telemetry.metrics().Text();
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_outcome_reports_total{flow="unknown",outcome="service_unavailable"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_outcome_reports_total{flow="known",outcome="answered"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_outcome_reports_total{flow="known",outcome="timed_out"} 0)"));
}

history::FamilyPreference Impaired() {
  return {.key = {{1}, *IpAddress::Parse("2001:db8:1::"), Transport::kTls},
          .prefix_bits = 48,
          .preferred = AddressFamily::kIpv4,
          .confidence = 0.9,
          .since = {},
          .wins = 0,
          .losses = 1,
          .reachability = history::Reachability::kUnreachable,
          .failure = FailureReason::kOvertaken,
          .smoothed_rtt = std::nullopt,
          .next_reprobe = kNever};
}

TEST(BrokerTelemetryTest, TellsOfImpairedPrefixesAndOfWhatWasForgotten) {
  Pipe pipe;
  std::string text;
  {
    LogWriter writer(pipe.in());
    JsonLog log(writer, config::LogLevel::kInfo);
    BrokerTelemetry telemetry(log, seconds(1));
    auto fine = Impaired();
    fine.preferred = AddressFamily::kIpv6;
    fine.reachability = history::Reachability::kReachable;
    telemetry.OnPreferenceEvent({1, {}, fine});
    telemetry.OnPreferenceEvent({2, {}, Impaired()});
    telemetry.OnPreferenceEvent({3, {}, engine::PreferencesForgotten{}});
    text = telemetry.metrics().Text();
  }
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_preference_changes_total{family="IPv6",preferred="IPv4"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_preference_changes_total{family="IPv6",preferred="IPv6"} 1)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_history_resets_total 1"));
  const std::string logged = pipe.ReadAll();
  EXPECT_EQ(std::ranges::count(logged, '\n'), 2) << logged;
  EXPECT_THAT(logged, HasSubstr(R"("event":"prefix_impaired","prefix":"2001:db8:1::/48","transport":"TLS")"));
  EXPECT_THAT(logged, HasSubstr(R"("preferred":"IPv4","reachability":"unreachable","reason":"overtaken")"));
  EXPECT_THAT(logged, HasSubstr(R"("event":"history_reset","prefix":"all")"));
}

TEST(BrokerTelemetryTest, EveryLimitHasASeriesOfItsOwn) {
  LogWriter writer(-1);
  JsonLog log(writer, config::LogLevel::kError);
  BrokerTelemetry telemetry(log, seconds(1));
  telemetry.OnLimit(engine::Limit::kReprobes);
  const std::string text = telemetry.metrics().Text();
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_limits_hit_total{limit="reprobes"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_history_file_writes_total{outcome="ok"} 0)"));
}

}  // namespace
}  // namespace flowbroker::telemetry
