#include <gtest/gtest.h>

#include "clients/cpp/wire.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

TEST(ErrorFromTest, TakesTheFailureNameFromTheMessage) {
  const Error error = ErrorFrom({grpc::StatusCode::UNAVAILABLE, "certificate_mismatch: wanted a.example.org: has b"});
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.failure, "certificate_mismatch");
  EXPECT_EQ(error.message, "wanted a.example.org: has b");
}

TEST(ErrorFromTest, NameAloneIsAName) {
  const Error error = ErrorFrom({grpc::StatusCode::NOT_FOUND, "no_such_name"});
  EXPECT_EQ(error.failure, "no_such_name");
  EXPECT_EQ(error.message, "");
}

TEST(ErrorFromTest, NamesTheFieldAtFault) {
  google::rpc::BadRequest request;
  request.add_field_violations()->set_field("flow_id");
  google::rpc::Status details;
  details.add_details()->PackFrom(request);
  const Error error =
      ErrorFrom({grpc::StatusCode::INVALID_ARGUMENT, "flow_id: not a flow id", details.SerializeAsString()});
  EXPECT_EQ(error.failure, "invalid_argument");
  EXPECT_EQ(error.field, "flow_id");
  EXPECT_EQ(error.message, "flow_id: not a flow id");
}

TEST(ErrorFromTest, StatusMadeByGrpcMeansThatTheBrokerIsUnreachable) {
  const Error error = ErrorFrom({grpc::StatusCode::UNAVAILABLE, "failed to connect to all addresses; last error: x"});
  EXPECT_EQ(error.failure, kBrokerUnreachable);
  EXPECT_EQ(error.message, "failed to connect to all addresses; last error: x");
  EXPECT_EQ(ErrorFrom({grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"}).failure, "deadline_exceeded");
}

TEST(TraceDetailTest, FindsTheTraceAmongOtherDetails) {
  v1::Trace trace;
  trace.add_steps()->set_subject("A example.org");
  google::rpc::Status details;
  details.add_details()->PackFrom(v1::Endpoint());
  details.add_details()->PackFrom(trace);
  const auto found = TraceDetail({grpc::StatusCode::UNAVAILABLE, "refused", details.SerializeAsString()});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->steps(0).subject(), "A example.org");
}

TEST(TraceDetailTest, NothingInAbsentOrDamagedDetails) {
  EXPECT_FALSE(TraceDetail({grpc::StatusCode::UNAVAILABLE, "refused"}));
  EXPECT_FALSE(TraceDetail({grpc::StatusCode::UNAVAILABLE, "refused", "\xff\xff garbage"}));
}

TEST(TraceFromProtoTest, NumbersOfANewerBrokerAreUnknown) {
  v1::Trace trace;
  trace.add_steps()->set_what(static_cast<v1::TraceWhat>(77));
  trace.mutable_steps(0)->set_outcome(static_cast<v1::TraceOutcome>(-3));
  const Trace read = FromProto(trace);
  EXPECT_EQ(read.steps[0].what, TraceWhat::kUnknown);
  EXPECT_EQ(read.steps[0].outcome, TraceOutcome::kUnknown);
  EXPECT_FALSE(read.steps[0].end);
}

}  // namespace
}  // namespace flowbroker::client
