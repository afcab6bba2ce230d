#include "service/rpc/status_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace flowbroker::rpc {
namespace {

using testing::HasSubstr;

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

v1::Trace TraceOf(int decisions, int attempts) {
  v1::Trace trace;
  trace.mutable_start_time()->set_seconds(1);
  for (int i = 0; i < decisions + attempts; ++i) {
    v1::TraceStep& step = *trace.add_steps();
    step.set_what(i < decisions ? v1::TRACE_WHAT_SELECTION : v1::TRACE_WHAT_ATTEMPT);
    step.set_subject("step " + std::to_string(i));
    step.set_reason(std::string(100, 'x'));
  }
  return trace;
}

TEST(StatusMappingTest, EveryReasonIsAnErrorWithItsNameInTheMessage) {
  for (int i = 0; i <= static_cast<int>(FailureReason::kInternal); ++i) {
    const auto reason = static_cast<FailureReason>(i);
    const grpc::Status status = ToStatus({reason, ""});
    EXPECT_NE(status.error_code(), grpc::StatusCode::OK) << ToString(reason);
    EXPECT_NE(status.error_code(), grpc::StatusCode::UNKNOWN) << ToString(reason);
    EXPECT_THAT(status.error_message(), HasSubstr(std::string(ToString(reason))));
    EXPECT_EQ(DetailsOf(status).code(), status.error_code());
  }
}

TEST(StatusMappingTest, KeepsTheContractOfTheService) {
  EXPECT_EQ(CodeOf(FailureReason::kInvalidArgument), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CodeOf(FailureReason::kNoSuchName), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(CodeOf(FailureReason::kNoRecords), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(CodeOf(FailureReason::kUnknownFlow), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(CodeOf(FailureReason::kDeadlineExceeded), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(CodeOf(FailureReason::kLimitReached), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(CodeOf(FailureReason::kCancelled), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(CodeOf(FailureReason::kShuttingDown), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(CodeOf(FailureReason::kCertificateMismatch), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(CodeOf(FailureReason::kTlsTimedOut), grpc::StatusCode::UNAVAILABLE);
}

TEST(StatusMappingTest, ACertificateMismatchNamesBothIdentities) {
  const auto status = ToStatus({FailureReason::kCertificateMismatch, "wanted a.example, certificate has b.example"});
  EXPECT_EQ(status.error_message(), "certificate_mismatch: wanted a.example, certificate has b.example");
}

TEST(StatusMappingTest, AFieldAtFaultIsNamedInMessageAndBadRequest) {
  const grpc::Status status = ToStatus({FailureReason::kInvalidArgument, "not a URI", "destination.uri"});
  EXPECT_EQ(status.error_message(), "destination.uri: not a URI");
  google::rpc::BadRequest bad_request;
  ASSERT_EQ(DetailsOf(status).details_size(), 1);
  ASSERT_TRUE(DetailsOf(status).details(0).UnpackTo(&bad_request));
  EXPECT_EQ(bad_request.field_violations(0).field(), "destination.uri");
}

TEST(StatusMappingTest, CarriesTheTrace) {
  const v1::Trace trace = TraceOf(1, 2);
  const grpc::Status status = ToStatus({FailureReason::kTimedOut, ""}, &trace);
  v1::Trace unpacked;
  ASSERT_TRUE(DetailsOf(status).details(0).UnpackTo(&unpacked));
  EXPECT_EQ(unpacked.SerializeAsString(), trace.SerializeAsString());
}

TEST(StatusMappingTest, FitsTheTrailersWhateverTheTraceAndTheDetail) {
  const v1::Trace trace = TraceOf(200, 200);
  const grpc::Status status =
      ToStatus({FailureReason::kInvalidArgument, std::string(100'000, '%'), "destination.uri"}, &trace);
  // Base64 of the details, and the message percent-encoded at worst.
  EXPECT_LT(status.error_details().size() * 4 / 3 + status.error_message().size() * 3, 10'000U);
  const grpc::Status usual = ToStatus({FailureReason::kTimedOut, "192.0.2.1 stayed silent"}, &trace);
  EXPECT_LT(usual.error_details().size() * 4 / 3 + usual.error_message().size(), 8'000U);
}

TEST(FitTraceTest, LeavesDecisionsOutBeforeAttemptsAndKeepsTheOrder) {
  const v1::Trace fitted = FitTrace(TraceOf(50, 10), 2000);
  EXPECT_LE(fitted.ByteSizeLong(), 2000U);
  int attempts = 0;
  std::string last;
  for (const v1::TraceStep& step : fitted.steps()) attempts += step.what() == v1::TRACE_WHAT_ATTEMPT ? 1 : 0;
  EXPECT_EQ(attempts, 10);
  EXPECT_EQ(fitted.steps(fitted.steps_size() - 1).subject(), "step 59");
  EXPECT_EQ(fitted.steps(0).subject(), "step 0");
}

TEST(FitTraceTest, KeepsAShortTraceWhole) {
  const v1::Trace trace = TraceOf(3, 3);
  EXPECT_EQ(FitTrace(trace, 5000).SerializeAsString(), trace.SerializeAsString());
}

TEST(StatusMappingTest, ForeignOctetsInADetailDoNotSpoilTheMessage) {
  const grpc::Status status = ToStatus({FailureReason::kMalformedMessage, "peer said \xff\r\n\x01"});
  EXPECT_EQ(status.error_message(), "malformed_message: peer said ????");
}

}  // namespace
}  // namespace flowbroker::rpc
