#include "service/rpc/outbound_conversion.h"

#include <gtest/gtest.h>

#include <chrono>

namespace flowbroker::rpc {
namespace {

using std::chrono::seconds;

constexpr const char* kUuid = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
constexpr TimePoint kNow{std::chrono::hours(1)};

const flow::FlowId kFlow = flow::FlowId::Parse("AAAAAAAAAAAAAAAAAAAAAA").value();

v1::EnsureFlowSetRequest Ensure() {
  v1::EnsureFlowSetRequest request;
  request.set_name("trunk");
  request.add_uris("sip:p1.example.com");
  request.add_uris("sip:p2.example.com");
  return request;
}

v1::ReportRegistrationRequest Report() {
  v1::ReportRegistrationRequest request;
  request.set_name("trunk");
  request.set_reg_id(2);
  request.set_flow_id(kFlow.ToString());
  request.set_outcome(v1::REGISTRATION_OUTCOME_REFUSED);
  return request;
}

TEST(OutboundConversionTest, ASetBelongsToWhoProvedWhoHeIs) {  // O1, O2
  auto request = Ensure();
  request.set_instance_id("URN:UUID:F81D4FAE-7dec-11d0-a765-00a0c91e6bf6");
  request.set_client_group("west");
  const auto wanted = FromProto(request, {.tenant = "t"});
  ASSERT_TRUE(wanted);
  EXPECT_EQ(wanted->owner, (flow::Owner{.tenant = "t", .client_group = "west"}));
  EXPECT_EQ(wanted->instance->text(), kUuid);
  EXPECT_EQ(wanted->uris.size(), 2U);
  EXPECT_FALSE(FromProto(Ensure(), {})->instance) << "the broker's to choose";
}

TEST(OutboundConversionTest, WhatIsWrongWithASetIsNamedByItsField) {
  const auto field = [](const v1::EnsureFlowSetRequest& request) { return FromProto(request, {}).error().field; };
  auto request = Ensure();
  request.clear_name();
  EXPECT_EQ(field(request), "name");
  request.set_name(std::string(129, 'n'));
  EXPECT_EQ(field(request), "name");
  request = Ensure();
  request.set_instance_id("not a urn");
  EXPECT_EQ(field(request), "instance_id");
  request = Ensure();
  request.add_uris("sip:" + std::string(2000, 'a'));
  EXPECT_EQ(field(request), "uris");
  request = Ensure();
  for (int i = 0; i < 100'000; ++i) request.add_uris("sip:x");
  EXPECT_EQ(field(request), "uris");
}

TEST(OutboundConversionTest, AReportNeedsAFlowAndAnOutcome) {
  auto request = Report();
  request.mutable_retry_after()->set_seconds(7);
  const auto report = FromProto(request);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->reg_id.value, 2U);
  EXPECT_EQ(report->flow, kFlow);
  EXPECT_FALSE(report->accepted);
  EXPECT_EQ(report->retry_after, seconds(7));
  request.mutable_retry_after()->set_seconds(-1);
  EXPECT_EQ(FromProto(request).error().field, "retry_after");
  request = Report();
  request.clear_outcome();
  EXPECT_EQ(FromProto(request).error().field, "outcome");
  request.set_outcome(static_cast<v1::RegistrationOutcome>(77));
  EXPECT_EQ(FromProto(request).error().field, "outcome");
  request = Report();
  request.set_flow_id("nonsense");
  EXPECT_EQ(FromProto(request).error().reason, FailureReason::kUnknownFlow);
}

TEST(OutboundConversionTest, APageTokenIsOneOfOurs) {
  v1::ListFlowSetsRequest request;
  EXPECT_FALSE(FromProto(request)->after);
  request.set_page_token("17");
  EXPECT_EQ(FromProto(request)->after, 17U);
  for (const char* wrong : {"x", "-1", "17x", " 17", "99999999999999999999999"}) {
    request.set_page_token(wrong);
    EXPECT_EQ(FromProto(request).error().field, "page_token") << wrong;
  }
}

TEST(OutboundConversionTest, AMemberTellsWhenItIsTriedAgainAndWhy) {
  const engine::FlowSetView set{
      .number = 1,
      .spec = {.name = "trunk", .instance = sip::InstanceId::Parse(kUuid).value(), .uris = {"sip:a", "sip:b"}},
      .members = {{.reg_id = {1}, .uri = "sip:a", .state = outbound::MemberState::kUp, .flow = kFlow},
                  {.reg_id = {2},
                   .uri = "sip:b",
                   .state = outbound::MemberState::kWaiting,
                   .failures = 3,
                   .last_failure = FailureReason::kRefused,
                   .next_attempt = kNow + seconds(20)}}};
  v1::FlowSet out;
  Fill(set, kNow, out);
  EXPECT_EQ(out.instance_id(), kUuid);
  EXPECT_EQ(out.members(0).state(), v1::FLOW_SET_MEMBER_STATE_UP);
  EXPECT_EQ(out.members(0).flow_id(), kFlow.ToString());
  EXPECT_FALSE(out.members(0).has_next_attempt_in());
  EXPECT_EQ(out.members(1).reg_id(), 2U);
  EXPECT_EQ(out.members(1).last_failure(), "refused");
  EXPECT_EQ(out.members(1).next_attempt_in().seconds(), 20);
}

TEST(OutboundConversionTest, AnEventTellsWhyAndWhen) {
  const Moment now{kNow, std::chrono::system_clock::time_point(seconds(5000))};
  engine::FlowSetEvent event{.time = kNow,
                             .kind = engine::FlowSetEventKind::kNeedsRegister,
                             .tenant = {},
                             .name = "trunk",
                             .reg_id = outbound::RegId{1},
                             .flow = kFlow,
                             .why = outbound::RegisterReason::kFirstFlow,
                             .due = kNow + seconds(1)};
  v1::FlowSetEvent out;
  Fill(event, now, out);
  EXPECT_EQ(out.reason(), "first_flow");
  EXPECT_EQ(out.due().seconds(), 5001);
  event.kind = engine::FlowSetEventKind::kFlowDown;
  event.why.reset();
  out.Clear();
  Fill(event, now, out);
  EXPECT_EQ(out.reason(), "registration_refused");
  event.failure = Failure{FailureReason::kReset, "RST"};
  out.Clear();
  Fill(event, now, out);
  EXPECT_EQ(out.reason(), "reset");
  EXPECT_EQ(out.detail(), "RST");
}

}  // namespace
}  // namespace flowbroker::rpc
