#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/clients/session_test.h"

// `flowctl flow-set`, from command line to exit code, against a broker in this process.
namespace flowbroker::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class FlowSetSessionTest : public SessionTest {
 protected:
  FlowSetSessionTest() {
    v1::FlowSet& set = broker_.flow_sets.emplace_back();
    set.set_name("trunk\x1b[2J");
    set.set_instance_id("urn:uuid:1");
    v1::FlowSetMember& up = *set.add_members();
    up.set_reg_id(1);
    up.set_uri("sip:p1.example.org");
    up.set_state(v1::FLOW_SET_MEMBER_STATE_REGISTERED);
    up.set_flow_id("f1");
    v1::FlowSetMember& down = *set.add_members();
    down.set_reg_id(2);
    down.set_uri("sip:p2.example.org");
    down.set_state(v1::FLOW_SET_MEMBER_STATE_WAITING);
    down.set_failures(3);
    down.set_last_failure("refused");
    down.mutable_next_attempt_in()->set_seconds(20);
  }
};

TEST_F(FlowSetSessionTest, EnsureSendsWhatIsAskedForAndShowsHowItStands) {
  EXPECT_EQ(Do({"flow-set", "ensure", "trunk", "sip:p1", "sip:p2", "--instance", "urn:uuid:1", "--group", "west",
                "--replace"}),
            ExitCode::kOk);
  const auto asked = broker_.ensured.Wait();
  EXPECT_EQ(asked->name(), "trunk");
  EXPECT_EQ(asked->uris_size(), 2);
  EXPECT_EQ(asked->instance_id(), "urn:uuid:1");
  EXPECT_EQ(asked->client_group(), "west");
  EXPECT_TRUE(asked->replace());
  EXPECT_THAT(out_.str(), HasSubstr("1 of 2 flows\n"));
  EXPECT_THAT(out_.str(), HasSubstr("registered"));
  EXPECT_THAT(out_.str(), HasSubstr("3 (refused)"));
  EXPECT_THAT(out_.str(), HasSubstr("in 20 s"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
}

TEST_F(FlowSetSessionTest, SetsAreATableOrDocuments) {
  EXPECT_EQ(Do({"flow-set", "list"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("urn:uuid:1"));
  EXPECT_THAT(out_.str(), HasSubstr("1 of 2 flows"));
  EXPECT_EQ(Do({"flow-set", "list", "--json"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("\"instance_id\":\"urn:uuid:1\""));
  broker_.flow_sets.clear();
  EXPECT_EQ(Do({"flow-set", "list"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "no flow sets\n");
  EXPECT_EQ(Do({"flow-set", "show", "absent"}), ExitCode::kNotFound);
}

TEST_F(FlowSetSessionTest, ARegistrationIsReported) {
  EXPECT_EQ(Do({"flow-set", "report", "trunk", "2", "f2"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "reported\n");
  EXPECT_EQ(broker_.registration.Wait()->outcome(), v1::REGISTRATION_OUTCOME_ACCEPTED);
  EXPECT_EQ(Do({"flow-set", "report", "trunk", "2", "f2", "--refused", "--retry-after", "7", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "{}\n");
  EXPECT_EQ(broker_.registration.Wait()->name(), "trunk");
  EXPECT_EQ(broker_.registration.Wait()->reg_id(), 2U);
  EXPECT_EQ(broker_.registration.Wait()->outcome(), v1::REGISTRATION_OUTCOME_REFUSED);
  EXPECT_EQ(broker_.registration.Wait()->retry_after().seconds(), 7);
  EXPECT_EQ(Do({"flow-set", "delete", "trunk"}), ExitCode::kOk);
  EXPECT_EQ(broker_.deleted_set.Wait(), "trunk");
}

TEST_F(FlowSetSessionTest, ASetIsWatchedUntilTheCount) {
  v1::FlowSetEvent& down = broker_.flow_set_events.emplace_back();
  down.set_sequence(2);
  down.set_kind(v1::FLOW_SET_EVENT_KIND_FLOW_DOWN);
  down.set_reg_id(1);
  down.set_flow_id("f1");
  down.set_reason("reset");
  down.mutable_due()->set_seconds(100);
  EXPECT_EQ(Do({"flow-set", "watch", "trunk", "--after", "1", "--count", "1"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("flow down"));
  EXPECT_THAT(out_.str(), HasSubstr("reg-id 1  f1  reset  due "));
}

}  // namespace
}  // namespace flowbroker::cli
