#include "service/rpc/proto_conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "service/rpc/deadline.h"

namespace flowbroker::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

v1::Destination UriDestination(const std::string& uri = "sip:example.org") {
  v1::Destination destination;
  destination.set_uri(uri);
  return destination;
}

v1::Destination ViaDestination() {
  v1::Destination destination;
  v1::ResponseDestination& response = *destination.mutable_response();
  response.set_transport(v1::TRANSPORT_UDP);
  response.set_sent_by_host("192.0.2.7");
  response.set_received("192.0.2.8");
  response.set_rport(5070);
  return destination;
}

template <typename Value>
std::string FieldAtFault(const Expected<Value>& converted) {
  if (converted) return "none";
  EXPECT_EQ(converted.error().reason, FailureReason::kInvalidArgument);
  EXPECT_FALSE(converted.error().detail.empty());
  return converted.error().field;
}

TEST(DestinationFromProtoTest, ReadsAUriWithItsConditions) {
  v1::Destination destination = UriDestination("sips:alice@example.org:5071");
  destination.add_allowed_transports(v1::TRANSPORT_TLS);
  destination.set_local_address("2001:db8::1");
  destination.set_local_interface("eth0");
  destination.set_tls_identity("edge.example.org");
  const auto converted = FromProto(destination);
  ASSERT_TRUE(converted) << converted.error().detail;
  EXPECT_EQ(std::get<sip::SipUri>(converted->to).host, "example.org");
  EXPECT_EQ(converted->allowed_transports, TransportSet::Of(Transport::kTls));
  EXPECT_EQ(converted->local_address->ToString(), "2001:db8::1");
  EXPECT_EQ(converted->local_interface, "eth0");
  EXPECT_EQ(converted->tls_identity, "edge.example.org");
}

TEST(DestinationFromProtoTest, ReadsTheDestinationOfAResponse) {
  const auto converted = FromProto(ViaDestination());
  ASSERT_TRUE(converted);
  const auto& response = std::get<location::ResponseDestination>(converted->to);
  EXPECT_EQ(response.transport, Transport::kUdp);
  EXPECT_EQ(response.sent_by_host, "192.0.2.7");
  EXPECT_FALSE(response.sent_by_port);
  EXPECT_EQ(response.received->ToString(), "192.0.2.8");
  EXPECT_EQ(response.rport, 5070);
  EXPECT_EQ(converted->allowed_transports, TransportSet::All());
}

TEST(DestinationFromProtoTest, NamesTheFieldAtFault) {
  EXPECT_EQ(FieldAtFault(FromProto(v1::Destination())), "destination");
  EXPECT_EQ(FieldAtFault(FromProto(UriDestination(""))), "destination.uri");
  EXPECT_EQ(FieldAtFault(FromProto(UriDestination("tel:+123"))), "destination.uri");
  EXPECT_EQ(FieldAtFault(FromProto(UriDestination("sip:h;transport=sctp"))), "destination.uri");
  EXPECT_EQ(FieldAtFault(FromProto(UriDestination("sip:" + std::string(5000, 'a')))), "destination.uri");

  v1::Destination destination = UriDestination();
  destination.add_allowed_transports(v1::TRANSPORT_TCP);
  destination.add_allowed_transports(v1::TRANSPORT_UNSPECIFIED);
  EXPECT_EQ(FieldAtFault(FromProto(destination)), "destination.allowed_transports[1]");
  destination = UriDestination();
  destination.add_allowed_transports(static_cast<v1::Transport>(77));
  EXPECT_EQ(FieldAtFault(FromProto(destination)), "destination.allowed_transports[0]");
  destination = UriDestination();
  destination.set_local_address("localhost");
  EXPECT_EQ(FieldAtFault(FromProto(destination)), "destination.local_address");
  destination = UriDestination();
  destination.set_local_interface("sixteen-octets-x");
  EXPECT_EQ(FieldAtFault(FromProto(destination)), "destination.local_interface");
  destination = UriDestination();
  destination.set_tls_identity(std::string(256, 'a'));
  EXPECT_EQ(FieldAtFault(FromProto(destination)), "destination.tls_identity");
}

TEST(DestinationFromProtoTest, NamesTheFieldOfAViaAtFault) {
  v1::Destination via = ViaDestination();
  via.mutable_response()->clear_transport();
  EXPECT_EQ(FieldAtFault(FromProto(via)), "destination.response.transport");
  via = ViaDestination();
  via.mutable_response()->clear_sent_by_host();
  EXPECT_EQ(FieldAtFault(FromProto(via)), "destination.response.sent_by_host");
  via = ViaDestination();
  via.mutable_response()->set_sent_by_port(65536);
  EXPECT_EQ(FieldAtFault(FromProto(via)), "destination.response.sent_by_port");
  via = ViaDestination();
  via.mutable_response()->set_received("example.org");
  EXPECT_EQ(FieldAtFault(FromProto(via)), "destination.response.received");
  via = ViaDestination();
  via.mutable_response()->set_rport(std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(FieldAtFault(FromProto(via)), "destination.response.rport");
}

TEST(AcquireRequestFromProtoTest, AbsentChoicesMeanTimeSensitiveAndTraced) {
  v1::AcquireRequest request;
  *request.mutable_destination() = UriDestination();
  auto converted = FromProto(request);
  ASSERT_TRUE(converted);
  EXPECT_TRUE(converted->time_sensitive);
  EXPECT_TRUE(converted->want_trace);
  EXPECT_FALSE(converted->exclusive);
  request.set_time_sensitive(false);
  request.set_want_trace(false);
  converted = FromProto(request);
  EXPECT_FALSE(converted->time_sensitive);
  EXPECT_FALSE(converted->want_trace);
}

TEST(AcquireRequestFromProtoTest, BoundsItsStrings) {
  v1::AcquireRequest request;
  *request.mutable_destination() = UriDestination();
  request.set_request_id(std::string(128, 'r'));
  EXPECT_TRUE(FromProto(request));
  request.set_request_id(std::string(129, 'r'));
  EXPECT_EQ(FieldAtFault(FromProto(request)), "request_id");
  request.clear_request_id();
  request.set_client_group(std::string(129, 'g'));
  EXPECT_EQ(FieldAtFault(FromProto(request)), "client_group");
}

class ReportFromProtoTest : public testing::Test {
 protected:
  ReportFromProtoTest() {
    request_.set_flow_id("AAAAAAAAAAAAAAAAAAAAAA");
    request_.set_outcome(v1::TRANSACTION_OUTCOME_ANSWERED);
  }
  v1::ReportOutcomeRequest request_;
};

TEST_F(ReportFromProtoTest, TakesAnRttUpTo300Seconds) {
  request_.mutable_rtt()->set_seconds(300);
  const auto report = FromProto(request_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rtt, seconds(300));
  EXPECT_FALSE(report->retry_after);
}

TEST_F(ReportFromProtoTest, RefusesDurationsThatCannotBe) {
  const auto refuse = [&](std::int64_t s, std::int32_t nanos) {
    request_.mutable_rtt()->set_seconds(s);
    request_.mutable_rtt()->set_nanos(nanos);
    EXPECT_EQ(FieldAtFault(FromProto(request_)), "rtt") << s << " " << nanos;
  };
  refuse(300, 1);
  refuse(-1, 0);
  refuse(0, -1);
  refuse(0, 1'000'000'000);
  refuse(std::numeric_limits<std::int64_t>::max(), 0);
  refuse(std::numeric_limits<std::int64_t>::min(), 0);
}

TEST_F(ReportFromProtoTest, TakesARetryAfterFromZeroToADay) {
  request_.mutable_retry_after();
  EXPECT_EQ(FromProto(request_)->retry_after, seconds(0));  // D6
  request_.mutable_retry_after()->set_seconds(86'400);
  EXPECT_EQ(FromProto(request_)->retry_after, seconds(86'400));
  request_.mutable_retry_after()->set_nanos(1);
  EXPECT_EQ(FieldAtFault(FromProto(request_)), "retry_after");
  request_.mutable_retry_after()->set_nanos(0);
  request_.mutable_retry_after()->set_seconds(-1);
  EXPECT_EQ(FieldAtFault(FromProto(request_)), "retry_after");
}

TEST_F(ReportFromProtoTest, MustMakeSenseAlsoForAFlowThatCannotBe) {
  request_.set_flow_id("not an id");
  const auto report = FromProto(request_);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->flow);
  request_.mutable_rtt()->set_seconds(301);
  EXPECT_EQ(FieldAtFault(FromProto(request_)), "rtt");
}

TEST_F(ReportFromProtoTest, NeedsAnOutcomeAndAFlow) {
  request_.set_outcome(v1::TRANSACTION_OUTCOME_UNSPECIFIED);
  EXPECT_EQ(FieldAtFault(FromProto(request_)), "outcome");
  request_.set_outcome(static_cast<v1::TransactionOutcome>(9));
  EXPECT_EQ(FieldAtFault(FromProto(request_)), "outcome");
  request_.clear_flow_id();
  EXPECT_EQ(FieldAtFault(FromProto(request_)), "flow_id");
}

TEST(FlowIdFromProtoTest, TextThatCannotBeOneIsAnUnknownFlow) {
  EXPECT_EQ(RequiredFlowId("no such flow").error().reason, FailureReason::kUnknownFlow);
  EXPECT_EQ(RequiredFlowId("").error().reason, FailureReason::kInvalidArgument);
}

TEST(TraceToProtoTest, CountsTimesFromTheStart) {
  const TimePoint start(seconds(100));
  Trace trace{start, {}};
  trace.steps.push_back({.what = TraceWhat::kAttempt,
                         .start = start + milliseconds(5),
                         .end = start + milliseconds(25),
                         .subject = "TCP 192.0.2.1:5060",
                         .outcome = TraceOutcome::kFailed,
                         .reason = "SYN lost",
                         .target = Target{{*IpAddress::Parse("192.0.2.1"), 5060}, Transport::kTcp},
                         .failure = FailureReason::kTimedOut});
  trace.steps.push_back({.what = TraceWhat::kDnsQuery,
                         .start = start,
                         .end = {},
                         .subject = "A example.org",
                         .outcome = TraceOutcome::kPending,
                         .reason = ""});
  const Moment now{start + seconds(2), std::chrono::system_clock::time_point(seconds(1'000'002))};
  v1::Trace out;
  Fill(trace, now, out);
  EXPECT_EQ(out.start_time().seconds(), 1'000'000);
  ASSERT_EQ(out.steps_size(), 2);
  EXPECT_EQ(out.steps(0).start().nanos(), 5'000'000);
  EXPECT_EQ(out.steps(0).end().nanos(), 25'000'000);
  EXPECT_EQ(out.steps(0).failure(), "timed_out");
  EXPECT_EQ(out.steps(0).transport(), v1::TRANSPORT_TCP);
  EXPECT_EQ(out.steps(0).remote().address(), "192.0.2.1");
  EXPECT_EQ(out.steps(0).remote().port(), 5060U);
  EXPECT_EQ(out.steps(1).outcome(), v1::TRACE_OUTCOME_PENDING);
  EXPECT_FALSE(out.steps(1).has_end());
}

TEST(TraceToProtoTest, EveryEnumeratorHasItsOwnValue) {
  const TimePoint at(seconds(1));
  Trace trace{at, {}};
  for (int i = 0; i <= static_cast<int>(TraceWhat::kWait); ++i) {
    trace.steps.push_back({.what = static_cast<TraceWhat>(i),
                           .start = at,
                           .end = at,
                           .subject = "",
                           .outcome = static_cast<TraceOutcome>(i),
                           .reason = ""});
  }
  v1::Trace out;
  Fill(trace, {at, {}}, out);
  for (int i = 0; i < out.steps_size(); ++i) {
    EXPECT_EQ(out.steps(i).what(), i + 1);
    EXPECT_EQ(out.steps(i).outcome(), i + 1);
  }
}

TEST(WorkTimeTest, AnswersBeforeTheCallersOwnClock) {
  EXPECT_EQ(WorkTime(seconds(10), seconds(32)), seconds(10) - milliseconds(50));
  EXPECT_EQ(WorkTime(milliseconds(200), seconds(32)), milliseconds(190));
  EXPECT_EQ(WorkTime(seconds(100), seconds(32)), seconds(32));
  EXPECT_EQ(WorkTime(Duration::zero(), seconds(32)), Duration::zero());
  EXPECT_EQ(WorkTime(-seconds(1), seconds(32)), Duration::zero());
}

TEST(DeadlineTest, ADayAwayOrMoreIsAMistakeButNoneAtAllIsNot) {
  EXPECT_FALSE(IsAbsurd(-1));
  EXPECT_FALSE(IsAbsurd(24 * 60 * 60 - 1));
  EXPECT_TRUE(IsAbsurd(24 * 60 * 60));
  EXPECT_FALSE(IsAbsurd(7'000'000'000)) << "what gRPC shows for an absent deadline, in seconds";
}

}  // namespace
}  // namespace flowbroker::rpc
