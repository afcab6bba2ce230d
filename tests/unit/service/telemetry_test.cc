#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <string>

#include "service/telemetry/broker_telemetry.h"
#include "service/telemetry/rate_limiter.h"

namespace flowbroker::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/// A pipe that collects what was logged.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  int in() const { return ends_[1]; }
  std::string ReadAll() {
    close(std::exchange(ends_[1], -1));
    std::string text;
    std::array<char, 4096> chunk{};
    for (ssize_t n = 0; (n = read(ends_[0], chunk.data(), chunk.size())) > 0;) {
      text.append(chunk.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

engine::AcquireResult Failed(FailureReason reason) {
  return {Unexpected({reason, "why \"so\"\n"}), Trace{TimePoint(seconds(5)), {}}};
}

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
    telemetry.OnAcquired(Failed(FailureReason::kTimedOut), seconds(2));
  }
  const std::string text = pipe.ReadAll();
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = boost::json::parse(text).as_object();
  EXPECT_EQ(line.at("event").as_string(), "acquire_failed");
  EXPECT_EQ(line.at("reason").as_string(), "timed_out");
  EXPECT_EQ(line.at("detail").as_string(), "why \"so\"\n");
  EXPECT_EQ(line.at("level").as_string(), "warn");
}

TEST(BrokerTelemetryTest, KeepsTheCallersOwnMistakesOutOfTheLog) {
  Pipe pipe;
  {
    LogWriter writer(pipe.in());
    JsonLog log(writer, config::LogLevel::kInfo);
    BrokerTelemetry telemetry(log, seconds(1));
    telemetry.OnAcquired(Failed(FailureReason::kInvalidArgument), seconds(2));
    telemetry.OnAcquired(Failed(FailureReason::kCancelled), seconds(2));
  }
  EXPECT_EQ(pipe.ReadAll(), "");
}

TEST(BrokerMetricsTest, CountsByReasonAndFamily) {
  BrokerMetrics metrics;
  metrics.CountAcquire(Failed(FailureReason::kRefused), seconds(1));
  metrics.CountAttempt({.path = {{}, {{*IpAddress::Parse("2001:db8::1"), 5061}, Transport::kTls}},
                        .stage = AttemptStage::kTls,
                        .failure = FailureReason::kTlsTimedOut,
                        .rtt = {}});
  metrics.CountDnsAnswer(dns::RecordType::kNaptr, dns::AnswerStatus::kRecords);
  metrics.CountRelayed(true, 3, 1500);
  metrics.CountLimit(engine::Limit::kSendQueue);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("flowbroker_acquire_failures_total{reason=\"refused\"} 1"));
  EXPECT_THAT(text, HasSubstr("flowbroker_attempts_total{family=\"IPv6\",outcome=\"tls_timed_out\",stage=\"TLS\","
                              "transport=\"TLS\"} 1"));
  EXPECT_THAT(text, HasSubstr("flowbroker_dns_answers_total{status=\"records\",type=\"NAPTR\"} 1"));
  EXPECT_THAT(text, HasSubstr("flowbroker_relayed_messages_total{direction=\"in\"} 3"));
  EXPECT_THAT(text, HasSubstr("flowbroker_limits_hit_total{limit=\"send_queue\"} 1"));
}

TEST(BrokerMetricsTest, ShowsHowFullMemoryIsAndCountsWhatItForgotOnce) {
  BrokerMetrics metrics;
  metrics.history().ShowOccupancy({.targets = 7, .prefixes = 3, .evicted_targets = 2, .evicted_prefixes = 0});
  metrics.history().ShowOccupancy({.targets = 6, .prefixes = 3, .evicted_targets = 5, .evicted_prefixes = 1});
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("flowbroker_history_entries{level=\"target\"} 6"));
  EXPECT_THAT(text, HasSubstr("flowbroker_history_evicted_total{level=\"target\"} 5"));
  EXPECT_THAT(text, HasSubstr("flowbroker_history_evicted_total{level=\"prefix\"} 1"));
}

TEST(BrokerMetricsTest, HasASeriesForEveryReason) {
  BrokerMetrics metrics;
  for (int i = 0; i <= static_cast<int>(FailureReason::kInternal); ++i) {
    metrics.CountAcquire(Failed(static_cast<FailureReason>(i)), seconds(1));
  }
  const std::string text = metrics.Text();
  for (int i = 0; i <= static_cast<int>(FailureReason::kInternal); ++i) {
    const std::string name(ToString(static_cast<FailureReason>(i)));
    EXPECT_THAT(text, HasSubstr("flowbroker_acquire_failures_total{reason=\"" + name + "\"} 1"));
  }
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
