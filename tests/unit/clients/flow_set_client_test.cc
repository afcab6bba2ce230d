#include <gtest/gtest.h>

#include "clients/cpp/flowbroker_client.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

using namespace std::chrono_literals;

const std::string kInstance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

v1::FlowSet Set(const std::string& name) {
  v1::FlowSet set;
  set.set_name(name);
  set.set_instance_id(kInstance);
  v1::FlowSetMember& up = *set.add_members();
  up.set_reg_id(1);
  up.set_uri("sip:p1");
  up.set_state(v1::FLOW_SET_MEMBER_STATE_UP);
  up.set_flow_id("f1");
  up.set_host("192.0.2.1");
  v1::FlowSetMember& down = *set.add_members();
  down.set_reg_id(2);
  down.set_state(v1::FLOW_SET_MEMBER_STATE_WAITING);
  down.set_failures(3);
  down.set_last_failure("refused");
  down.mutable_next_attempt_in()->set_seconds(20);
  return set;
}

class FlowSetClientTest : public ::testing::Test {
 protected:
  FlowSetClientTest() { broker_.flow_sets = {Set("a"), Set("b")}; }

  FakeBroker broker_;
  Client client_{{.address = broker_.address()}};
};

TEST_F(FlowSetClientTest, ASetIsEnsuredAndSaysHowItStands) {
  const auto set = client_.EnsureFlowSet(
      {.name = "a", .uris = {"sip:p1", "sip:p2"}, .instance_id = kInstance, .client_group = "west", .replace = true});
  ASSERT_TRUE(set) << set.error().ToString();
  const auto asked = broker_.ensured.Wait();
  EXPECT_EQ(asked->uris_size(), 2);
  EXPECT_EQ(asked->uris(1), "sip:p2");
  EXPECT_EQ(asked->instance_id(), kInstance);
  EXPECT_EQ(asked->client_group(), "west");
  EXPECT_TRUE(asked->replace());
  EXPECT_EQ(set->instance_id, kInstance);
  ASSERT_EQ(set->members.size(), 2U);
  EXPECT_EQ(set->members[0].state, FlowSetMemberState::kUp);
  EXPECT_EQ(set->members[0].flow_id, "f1");
  EXPECT_EQ(set->members[0].host, "192.0.2.1");
  EXPECT_FALSE(set->members[0].next_attempt_in);
  EXPECT_EQ(set->members[1].state, FlowSetMemberState::kWaiting);
  EXPECT_EQ(set->members[1].failures, 3U);
  EXPECT_EQ(set->members[1].last_failure, "refused");
  EXPECT_EQ(set->members[1].next_attempt_in, 20s);
}

TEST_F(FlowSetClientTest, SetsAreLookedAtListedAndDeleted) {
  EXPECT_EQ(client_.GetFlowSet("b")->name, "b");
  EXPECT_EQ(client_.GetFlowSet("c").error().code, Code::kNotFound);
  const auto sets = client_.ListFlowSets();
  ASSERT_TRUE(sets) << sets.error().ToString();
  ASSERT_EQ(sets->size(), 2U);
  EXPECT_EQ((*sets)[1].name, "b");
  ASSERT_TRUE(client_.DeleteFlowSet("b"));
  EXPECT_EQ(broker_.deleted_set.Wait(), "b");
}

TEST_F(FlowSetClientTest, ARegistrationIsReportedWithTheRetryAfterOfA503) {
  ASSERT_TRUE(client_.ReportRegistration({.name = "a", .reg_id = 1, .flow_id = "f1", .accepted = true}));
  EXPECT_EQ(broker_.registration.Wait()->outcome(), v1::REGISTRATION_OUTCOME_ACCEPTED);
  EXPECT_FALSE(broker_.registration.Wait()->has_retry_after());
  ASSERT_TRUE(client_.ReportRegistration({.name = "a", .reg_id = 2, .flow_id = "f2", .retry_after = 7s}));
  const auto refused = broker_.registration.Wait();
  EXPECT_EQ(refused->outcome(), v1::REGISTRATION_OUTCOME_REFUSED);
  EXPECT_EQ(refused->reg_id(), 2U);
  EXPECT_EQ(refused->flow_id(), "f2");
  EXPECT_EQ(refused->retry_after().seconds(), 7);
}

TEST_F(FlowSetClientTest, AWatchTellsWhenToRegister) {
  v1::FlowSetEvent& snapshot = broker_.flow_set_events.emplace_back();
  snapshot.set_sequence(2);
  snapshot.set_kind(v1::FLOW_SET_EVENT_KIND_SNAPSHOT);
  *snapshot.mutable_flow_set() = Set("a");
  v1::FlowSetEvent& due = broker_.flow_set_events.emplace_back();
  due.set_sequence(3);
  due.set_kind(v1::FLOW_SET_EVENT_KIND_NEEDS_REGISTER);
  due.set_reg_id(2);
  due.set_flow_id("f2");
  due.set_reason("new_flow");
  due.mutable_due()->set_seconds(1'000'000'000);
  Collector<FlowSetEvent> events;
  const auto watch = client_.WatchFlowSet({.name = "a", .after_sequence = 1},
                                          {.on_event = [&](FlowSetEvent event) { events.Add(std::move(event)); }});
  const auto seen = events.WaitFor(2);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].kind, FlowSetEventKind::kSnapshot);
  EXPECT_EQ(seen[0].flow_set->members.size(), 2U);
  EXPECT_FALSE(seen[0].reg_id);
  EXPECT_FALSE(seen[0].due);
  EXPECT_EQ(seen[1].kind, FlowSetEventKind::kNeedsRegister);
  EXPECT_EQ(seen[1].reg_id, 2U);
  EXPECT_EQ(seen[1].flow_id, "f2");
  EXPECT_EQ(seen[1].reason, "new_flow");
  EXPECT_EQ(seen[1].due, std::chrono::system_clock::time_point(1'000'000'000s));
  EXPECT_FALSE(seen[1].flow_set);
}

}  // namespace
}  // namespace flowbroker::client
