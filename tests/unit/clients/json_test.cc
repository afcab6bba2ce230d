#include "clients/cli/json.h"

#include <gtest/gtest.h>

#include "flowbroker/v1/broker_service.pb.h"

namespace flowbroker::cli {
namespace {

TEST(JsonTest, HasTheNamesOfTheContractAndFieldsAtTheirDefault) {
  v1::WarmResponse warm;
  EXPECT_EQ(ToJson(warm), R"({"already_warm":false})");
  v1::AcquireResponse acquired;
  acquired.set_flow_id("f");
  acquired.set_source(v1::FLOW_SOURCE_RACED);
  acquired.mutable_timers()->mutable_t1()->set_nanos(100'000'000);
  const std::string json = ToJson(acquired);
  EXPECT_NE(json.find(R"("flow_id":"f")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("source":"FLOW_SOURCE_RACED")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("t1":"0.100s")"), std::string::npos) << json;
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

TEST(JsonTest, ErrorDocumentHasCodeFailureMessageAndTrace) {
  const client::Error error{.code = client::Code::kUnavailable, .failure = "refused", .message = "say \"no\""};
  v1::Trace trace;
  trace.add_steps()->set_subject("A example.org");
  const auto document = ErrorDocument(error, &trace);
  const auto& fields = document.fields().at("error").struct_value().fields();
  EXPECT_EQ(fields.at("code").string_value(), "UNAVAILABLE");
  EXPECT_EQ(fields.at("failure").string_value(), "refused");
  EXPECT_EQ(fields.at("message").string_value(), "say \"no\"");
  const auto& steps = fields.at("trace").struct_value().fields().at("steps").list_value();
  EXPECT_EQ(steps.values(0).struct_value().fields().at("subject").string_value(), "A example.org");
  EXPECT_EQ(ErrorDocument(error, nullptr).fields().at("error").struct_value().fields().count("trace"), 0U);
}

TEST(JsonTest, BytesThatAreNotTextDoNotSpoilTheDocument) {
  EXPECT_EQ(ToJson(ToValue(std::string("a\xff\x01\r\n"))), R"("a??\r\n")");
}

}  // namespace
}  // namespace flowbroker::cli
