#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "service/telemetry/broker_metrics.h"
#include "tests/unit/service/telemetry_support.h"

namespace flowbroker::telemetry {
namespace {

using engine::FlowSource;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(BrokerMetricsTest, CountsByReasonAndFamily) {
  BrokerMetrics metrics;
  metrics.acquires.Count(Answered(Failed(FailureReason::kRefused)).After(seconds(1)));
  metrics.attempts.Count({.path = {{}, {{*IpAddress::Parse("2001:db8::1"), 5061}, Transport::kTls}},
                          .stage = AttemptStage::kTls,
                          .failure = FailureReason::kTlsTimedOut,
                          .rtt = {}});
  metrics.dns.CountAnswer(dns::RecordType::kNaptr, dns::AnswerStatus::kRecords, milliseconds(3));
  metrics.relay.CountMessages(true, 3, 1500);
  metrics.limits.Count(engine::Limit::kSendQueue);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("flowbroker_acquire_failures_total{reason=\"refused\"} 1"));
  EXPECT_THAT(text, HasSubstr("flowbroker_attempts_total{family=\"IPv6\",outcome=\"tls_timed_out\",stage=\"tls\","
                              "transport=\"TLS\"} 1"));
  EXPECT_THAT(text, HasSubstr("flowbroker_dns_answers_total{status=\"records\",type=\"NAPTR\"} 1"));
  EXPECT_THAT(text, HasSubstr("flowbroker_relayed_messages_total{direction=\"in\"} 3"));
  EXPECT_THAT(text, HasSubstr("flowbroker_limits_hit_total{limit=\"send_queue\"} 1"));
}

TEST(BrokerMetricsTest, ShowsHowFullMemoryIsAndCountsWhatItForgotOnce) {
  BrokerMetrics metrics;
  metrics.history.ShowOccupancy({.targets = 7, .prefixes = 3, .evicted_targets = 2, .evicted_prefixes = 0});
  metrics.history.ShowOccupancy({.targets = 6, .prefixes = 3, .evicted_targets = 5, .evicted_prefixes = 1});
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("flowbroker_history_entries{level=\"target\"} 6"));
  EXPECT_THAT(text, HasSubstr("flowbroker_history_evicted_total{level=\"target\"} 5"));
  EXPECT_THAT(text, HasSubstr("flowbroker_history_evicted_total{level=\"prefix\"} 1"));
}

TEST(BrokerMetricsTest, HasASeriesForEveryReason) {
  BrokerMetrics metrics;
  for (int i = 0; i <= static_cast<int>(FailureReason::kInternal); ++i) {
    metrics.acquires.Count(Answered(Failed(static_cast<FailureReason>(i))).After(seconds(1)));
  }
  const std::string text = metrics.Text();
  for (int i = 0; i <= static_cast<int>(FailureReason::kInternal); ++i) {
    const std::string name(ToString(static_cast<FailureReason>(i)));
    EXPECT_THAT(text, HasSubstr("flowbroker_acquire_failures_total{reason=\"" + name + "\"} 1"));
  }
}

TEST(AcquireMetricsTest, ADeadlineTooShortForAnyNetworkIsToldApart) {
  BrokerMetrics metrics;
  const Answered late(Failed(FailureReason::kDeadlineExceeded));
  metrics.acquires.Count(late.After(milliseconds(999)));
  metrics.acquires.Count(late.After(milliseconds(1)));
  metrics.acquires.Count(late.After(seconds(1)));
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_acquire_failures_total{reason="deadline_exceeded"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_acquire_failures_total{deadline="short",reason="deadline_exceeded"} 2)"));
}

TEST(ReloadMetricsTest, ShowWhetherTheCertificateReadLastIsInUse) {
  BrokerMetrics metrics;
  const std::string grpc = R"(flowbroker_certificate_last_reload_successful{side="grpc"} )";
  EXPECT_THAT(metrics.Text(), HasSubstr(grpc + "1"));
  metrics.reloads.CountCertificates(CertificateSide::kGrpc, false);
  EXPECT_THAT(metrics.Text(), HasSubstr(grpc + "0"));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_certificate_last_reload_successful{side="sip"} 1)"));
  metrics.reloads.CountCertificates(CertificateSide::kGrpc, true);
  EXPECT_THAT(metrics.Text(), HasSubstr(grpc + "1"));
}

TEST(AcquireMetricsTest, AnAcquireAnsweredAtOnceCountsAsOneThatTookNoTime) {
  BrokerMetrics metrics;
  const Answered pooled(Succeeded(FlowSource::kPooled));
  metrics.acquires.Count(pooled.After(Duration::zero()));
  metrics.acquires.Count(pooled.After(Duration::zero()));
  metrics.acquires.Count(pooled.After(milliseconds(30)));  // it had to be located first
  const std::string text = metrics.Text();
  const std::string labels = R"(outcome="ok",source="pooled",stale_dns="no")";
  EXPECT_THAT(text, HasSubstr("flowbroker_acquire_seconds_count{" + labels + "} 3"));
  EXPECT_THAT(text, HasSubstr("flowbroker_acquire_seconds_bucket{" + labels + R"(,le="0.001"} 2)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_acquire_seconds_bucket{" + labels + R"(,le="0.05"} 3)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_acquire_seconds_bucket{" + labels + R"(,le="+Inf"} 3)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_acquire_seconds_sum{" + labels + "} 0.03"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_acquires_total{source="pooled"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_acquires_total{source="raced"} 0)"));
}

TEST(AcquireMetricsTest, TellsRacesThatUsedStaleDnsFromTheOthers) {
  BrokerMetrics metrics;
  const Answered raced(Succeeded(FlowSource::kRaced));
  auto stale = raced.After(milliseconds(20));
  stale.stale_dns = true;
  metrics.acquires.Count(stale);
  metrics.acquires.Count(raced.After(milliseconds(20)));
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_acquire_seconds_count{outcome="ok",source="raced",stale_dns="yes"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_acquires_total{source="raced"} 2)"));
}

TEST(AcquireMetricsTest, AFailureHasATimeButIsNoAcquireWithAFlow) {
  BrokerMetrics metrics;
  metrics.acquires.Count(Answered(Failed(FailureReason::kTimedOut)).After(seconds(4)));
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_acquire_seconds_sum{outcome="failed",source="none",stale_dns="no"} 4)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(flowbroker_acquires_total{source="none")")));
}

TEST(AttemptMetricsTest, CountsTheFourthAndLaterPlacesAsOne) {
  BrokerMetrics metrics;
  for (const std::size_t position : {1U, 4U, 5U, 90U}) metrics.attempts.CountWin(AddressFamily::kIpv4, position);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_race_wins_total{family="IPv4",position="1"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_race_wins_total{family="IPv4",position="4+"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_race_wins_total{family="IPv6",position="1"} 0)"));
}

TEST(AttemptMetricsTest, OnlyMeasuredRoundTripsAreInTheHistogram) {
  BrokerMetrics metrics;
  history::AttemptOutcome outcome{.path = {{}, {{*IpAddress::Parse("192.0.2.1"), 5060}, Transport::kTcp}},
                                  .stage = AttemptStage::kTcp,
                                  .failure = std::nullopt,
                                  .rtt = milliseconds(20)};
  metrics.attempts.Count(outcome);
  outcome.rtt.reset();
  metrics.attempts.Count(outcome);
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_rtt_seconds_count{family="IPv4",stage="tcp"} 1)"));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_attempts_total{family="IPv4",outcome="ok",stage="tcp",)"
                                        R"(transport="TCP"} 2)"));
}

engine::FlowEvent Event(engine::FlowEventKind kind, bool probing = false) {
  const auto acquired = *Succeeded(FlowSource::kRaced).flow;
  engine::FlowEvent event{.sequence = 1,
                          .time = {},
                          .kind = kind,
                          .flow = {.id = acquired.id,
                                   .remote = acquired.remote,
                                   .local = acquired.local,
                                   .open = true,
                                   .probing = probing,
                                   .exclusive = false,
                                   .tls_identity = {},
                                   .owner = {},
                                   .opened = {},
                                   .last_activity = {},
                                   .messages_sent = 0,
                                   .messages_received = 0,
                                   .smoothed_rtt = {}},
                          .failure = std::nullopt};
  if (kind == engine::FlowEventKind::kClosed) event.failure = Failure{FailureReason::kProbeTimedOut, ""};
  return event;
}

TEST(FlowMetricsTest, AFlowThatDiesOfItsProbeLeavesNothingBehind) {
  BrokerMetrics metrics;
  metrics.flows.CountEvent(Event(engine::FlowEventKind::kOpened));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_flows_open{family="IPv4",state="open",transport="TCP"} 1)"));
  metrics.flows.NoteProbing(Event(engine::FlowEventKind::kOpened, /*probing=*/true).flow);
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_flows_open{family="IPv4",state="open",transport="TCP"} 0)"));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_flows_open{family="IPv4",state="probing",transport="TCP"} 1)"));
  metrics.flows.CountEvent(Event(engine::FlowEventKind::kClosed, /*probing=*/true));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_flows_open{family="IPv4",state="probing",transport="TCP"} 0)"));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(flowbroker_flows_closed_total{reason="probe_timed_out"} 1)"));
}

TEST(ProcessMetricsTest, SaysWhatTheProcessIsAndUses) {
  BrokerMetrics metrics;
  metrics.process.SetBuild({.version = "1.2.3", .compiler = "g++", .grpc = "1.51", .openssl = "3.0"});
  metrics.process.SetDraining(true);
  std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr(R"(flowbroker_build_info{version="1.2.3",compiler="g++",grpc="1.51",openssl="3.0"} 1)"));
  EXPECT_THAT(text, HasSubstr("flowbroker_draining 1"));
  EXPECT_THAT(text, Not(HasSubstr("certificate_expiry")));
  for (const char* name : {"process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
                           "process_max_fds", "process_cpu_seconds_total", "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(name) + " ")) << name;
    EXPECT_THAT(text, Not(HasSubstr("\n" + std::string(name) + " 0\n"))) << name;
  }
}

TEST(ProcessMetricsTest, TellsWhenCertificatesEnd) {
  BrokerMetrics metrics;
  metrics.process.WatchCertificate("grpc",
                                   [] { return std::chrono::system_clock::time_point(seconds(1'700'000'000)); });
  metrics.process.WatchCertificate("sip", [] { return std::nullopt; });
  EXPECT_THAT(metrics.Text(),
              HasSubstr(R"(flowbroker_certificate_expiry_timestamp_seconds{certificate="grpc"} 1700000000)"));
  EXPECT_THAT(metrics.Text(), Not(HasSubstr(R"(certificate="sip")")));
  metrics.process.WatchCertificate("grpc", {});
  EXPECT_THAT(metrics.Text(), Not(HasSubstr(R"(certificate="grpc")")));
}

}  // namespace
}  // namespace flowbroker::telemetry
