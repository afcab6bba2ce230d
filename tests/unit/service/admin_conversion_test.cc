#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "flowbroker/v1/broker_service.pb.h"
#include "flowbroker/v1/flow_service.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/admin/bearer_token.h"
#include "service/admin/call_directory.h"
#include "service/admin/call_request.h"
#include "service/admin/json_conversion.h"
#include "service/admin/status_answer.h"
#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

const CallDirectory& Directory() {
  static const CallDirectory directory;
  return directory;
}

const RpcCall& AcquireCall() {
  return *Directory().Find("BrokerService/Acquire");
}

TEST(CallDirectoryTest, HasEveryCallOfTheContract) {
  for (const auto* service : {"BrokerService", "FlowService", "HistoryService"}) {
    const auto* const described =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("flowbroker.v1." + std::string(service));
    ASSERT_NE(described, nullptr) << service;
    for (int i = 0; i < described->method_count(); ++i) {
      const RpcCall* const call = Directory().Find(std::string(service) + "/" + described->method(i)->name());
      ASSERT_NE(call, nullptr) << described->method(i)->full_name();
      EXPECT_EQ(call->descriptor, described->method(i));
    }
  }
  EXPECT_EQ(AcquireCall().grpc_method, "/flowbroker.v1.BrokerService/Acquire");
}

TEST(CallDirectoryTest, KnowsStreamsAndNoForeignNames) {
  for (const char* stream : {"FlowService/Relay", "FlowService/WatchFlows", "HistoryService/WatchPreferences"}) {
    EXPECT_TRUE(Directory().Find(stream)->streams) << stream;
  }
  EXPECT_FALSE(AcquireCall().streams);
  for (const char* name : {"", "/", "Acquire", "BrokerService/", "BrokerService/acquire", "Health/Check"}) {
    EXPECT_EQ(Directory().Find(name), nullptr) << name;
  }
}

TEST(JsonConversionTest, TakesBothSpellingsOfAName) {
  for (const char* json : {R"({"destination":{"uri":"sip:h"},"clientGroup":"g"})",
                           R"({"destination":{"uri":"sip:h"},"client_group":"g"})"}) {
    const auto wire = WireFromJson(AcquireCall(), json);
    v1::AcquireRequest request;
    ASSERT_TRUE(wire && request.ParseFromString(*wire)) << json;
    EXPECT_EQ(request.client_group(), "g");
    EXPECT_EQ(request.destination().uri(), "sip:h");
  }
}

TEST(JsonConversionTest, NothingAtAllIsTheEmptyMessage) {
  EXPECT_EQ(WireFromJson(AcquireCall(), ""), "");
  EXPECT_EQ(WireFromJson(AcquireCall(), "{}"), "");
}

TEST(JsonConversionTest, ARefusalNamesTheField) {
  for (const auto& [json, field] :
       {std::pair{R"({"bogus":1})", "bogus"},
        {R"({"destination":{"uri":"sip:h","bogus":1}})", "destination.bogus"},
        {R"({"exclusive":"maybe"})", "exclusive"},
        {R"({"clientGroup":5})", "client_group"},
        {R"({"destination":[]})", "destination"},
        {R"({"destination":{"allowedTransports":["X"]}})", "destination.allowed_transports[0]"}}) {
    const auto wire = WireFromJson(AcquireCall(), json);
    ASSERT_FALSE(wire) << json;
    EXPECT_EQ(wire.error().reason, FailureReason::kInvalidArgument);
    EXPECT_EQ(wire.error().field, field) << wire.error().detail;
  }
}

TEST(JsonConversionTest, WhatIsNoJsonIsRefusedInOneLineOfText) {
  const std::string deep = [] {
    std::string text;
    for (int i = 0; i < 30'000; ++i) text += "{\"a\":";
    return text;
  }();
  for (const std::string& json :
       {std::string("nope"), std::string("{"), std::string("[]"), std::string("5"), std::string("null"),
        std::string("{}{}"), std::string("{\"a\n\x01\xff\":1}"), std::string("{\"clientGroup\":\"\xff\"}"),
        std::string("{\"a: \n\":1}"), std::string(1, '\0'), deep}) {
    const auto wire = WireFromJson(AcquireCall(), json);
    ASSERT_FALSE(wire) << json.substr(0, 40);
    EXPECT_FALSE(wire.error().detail.empty());
    EXPECT_LT(wire.error().detail.size(), 400U);
    for (const char c : wire.error().detail) EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
  }
}

TEST(JsonConversionTest, AnswersHaveCamelCaseNamesEnumsByNameAndDefaults) {
  v1::AcquireResponse response;
  response.set_flow_id("f");
  response.set_source(v1::FLOW_SOURCE_POOLED);
  response.mutable_timers()->mutable_t1()->set_seconds(1);
  const auto json = JsonFromWire(AcquireCall(), response.SerializeAsString());
  ASSERT_TRUE(json);
  EXPECT_THAT(*json, HasSubstr(R"("flowId":"f")"));
  EXPECT_THAT(*json, HasSubstr(R"("source":"FLOW_SOURCE_POOLED")"));
  EXPECT_THAT(*json, HasSubstr(R"("transport":"TRANSPORT_UNSPECIFIED")"));
  EXPECT_THAT(*json, HasSubstr(R"("t1":"1s")"));
  EXPECT_THAT(*json, Not(HasSubstr("trace")));  // absent is not empty
}

TEST(JsonConversionTest, OctetsThatAreNotTheAnswerAreADefectOfOurs) {
  const auto json = JsonFromWire(AcquireCall(), "\xff\xff\xff");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().reason, FailureReason::kInternal);
}

TEST(StatusAnswerTest, CodesAreThoseOfGoogleRpcCode) {
  using grpc::StatusCode;
  for (const auto& [code, http] : {std::pair{StatusCode::OK, 200U},
                                   {StatusCode::CANCELLED, 499U},
                                   {StatusCode::UNKNOWN, 500U},
                                   {StatusCode::INVALID_ARGUMENT, 400U},
                                   {StatusCode::DEADLINE_EXCEEDED, 504U},
                                   {StatusCode::NOT_FOUND, 404U},
                                   {StatusCode::ALREADY_EXISTS, 409U},
                                   {StatusCode::PERMISSION_DENIED, 403U},
                                   {StatusCode::UNAUTHENTICATED, 401U},
                                   {StatusCode::RESOURCE_EXHAUSTED, 429U},
                                   {StatusCode::FAILED_PRECONDITION, 400U},
                                   {StatusCode::ABORTED, 409U},
                                   {StatusCode::OUT_OF_RANGE, 400U},
                                   {StatusCode::UNIMPLEMENTED, 501U},
                                   {StatusCode::INTERNAL, 500U},
                                   {StatusCode::UNAVAILABLE, 503U},
                                   {StatusCode::DATA_LOSS, 500U},
                                   {static_cast<StatusCode>(17), 500U}}) {
    EXPECT_EQ(HttpCodeOf(code), http) << code;
  }
}

TEST(StatusAnswerTest, DetailsAreShownByTheirType) {
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::UNAVAILABLE);
  status.set_message("draining");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(4);
  retry.mutable_retry_delay()->set_nanos(1);
  status.add_details()->PackFrom(retry);
  v1::Trace trace;
  trace.add_steps()->set_subject("TCP 192.0.2.1:5060");
  status.add_details()->PackFrom(trace);
  const StatusAnswer answer = AnswerOf({grpc::StatusCode::UNAVAILABLE, "draining", status.SerializeAsString()});
  EXPECT_EQ(answer.http_code, 503U);
  EXPECT_EQ(answer.retry_after, std::chrono::seconds(5));
  EXPECT_THAT(answer.json, HasSubstr(R"("@type":"type.googleapis.com/flowbroker.v1.Trace")"));
  EXPECT_THAT(answer.json, HasSubstr(R"("subject":"TCP 192.0.2.1:5060")"));
}

TEST(StatusAnswerTest, ADetailNobodyCanReadIsLeftOut) {
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::INTERNAL);
  auto& unknown = *status.add_details();
  unknown.set_type_url("type.googleapis.com/no.such.Type");
  unknown.set_value("\x0a\x01x");
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field("x.y");
  status.add_details()->PackFrom(bad);
  const StatusAnswer answer = AnswerOf({grpc::StatusCode::INTERNAL, "m", status.SerializeAsString()});
  EXPECT_THAT(answer.json, HasSubstr(R"("field":"x.y")"));
  EXPECT_THAT(answer.json, Not(HasSubstr("no.such.Type")));
}

TEST(StatusAnswerTest, DetailsThatAreNoneLeaveCodeAndMessage) {
  const StatusAnswer answer = AnswerOf({grpc::StatusCode::NOT_FOUND, "no such flow", "\xff garbage"});
  EXPECT_EQ(answer.http_code, 404U);
  EXPECT_EQ(answer.json, R"({"code":5,"message":"no such flow","details":[]})");
}

TEST(GrpcTimeoutTest, ReadsEveryUnitAndNothingElse) {
  EXPECT_EQ(ParseGrpcTimeout("500m"), std::chrono::milliseconds(500));
  EXPECT_EQ(ParseGrpcTimeout("2S"), std::chrono::seconds(2));
  EXPECT_EQ(ParseGrpcTimeout("3M"), std::chrono::minutes(3));
  EXPECT_EQ(ParseGrpcTimeout("1H"), std::chrono::hours(1));
  EXPECT_EQ(ParseGrpcTimeout("7u"), std::chrono::microseconds(7));
  EXPECT_EQ(ParseGrpcTimeout("99999999n"), Duration(99'999'999));
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), std::chrono::hours(24 * 30));  // would not fit a Duration
  for (const char* text : {"", "S", "5", "5 S", " 5S", "+5S", "-5S", "5s", "5ms", "5.0S", "123456789S", "0x5S"}) {
    EXPECT_FALSE(ParseGrpcTimeout(text)) << text;
  }
}

TEST(BearerTokenTest, MatchesItselfOnly) {
  const auto token = BearerToken::Parse("0123456789abcdef");
  ASSERT_TRUE(token);
  for (const char* good : {"Bearer 0123456789abcdef", "bearer 0123456789abcdef", "BEARER  0123456789abcdef "}) {
    EXPECT_TRUE(token->Matches(good)) << good;
  }
  for (const char* bad :
       {"", "Bearer", "Bearer ", "0123456789abcdef", "Basic 0123456789abcdef", "Bearer 0123456789abcdeF",
        "Bearer 0123456789abcdef0", "Bearer 0123456789abcde", "Bearer0123456789abcdef", "Bearer 0123456789abcdef, x"}) {
    EXPECT_FALSE(token->Matches(bad)) << bad;
  }
}

TEST(BearerTokenTest, IsTheFirstLineOfItsFile) {
  const ScratchDirectory directory;
  const std::string path = directory / "token";
  std::ofstream(path) << "  0123456789abcdef\t\r\nsecond line\n";
  const auto token = BearerToken::Read(path);
  ASSERT_TRUE(token) << token.error().detail;
  EXPECT_TRUE(token->Matches("Bearer 0123456789abcdef"));
}

TEST(BearerTokenTest, AFileWithoutAGoodTokenIsRefusedWithoutQuotingIt) {
  const ScratchDirectory directory;
  const std::string path = directory / "token";
  EXPECT_FALSE(BearerToken::Read(path));
  EXPECT_FALSE(BearerToken::Read(directory / ""));
  for (const std::string& text : {std::string(), std::string("\n0123456789abcdef"), std::string("secret"),
                                  std::string("secret with blanks in it"), std::string(5000, 's')}) {
    std::ofstream(path) << text;
    const auto token = BearerToken::Read(path);
    ASSERT_FALSE(token) << text.substr(0, 40);
    EXPECT_THAT(token.error().detail, HasSubstr("admin-token-file"));
    EXPECT_THAT(token.error().detail, Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace flowbroker::admin
