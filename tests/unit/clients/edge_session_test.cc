#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/clients/session_test.h"

// flowctl's commands about keep-alives, tokens and bindings, from command line to exit code, against a broker in this
// process.
namespace flowbroker::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class EdgeSessionTest : public SessionTest {};

TEST_F(EdgeSessionTest, KeepAliveSaysMethodAndFlowTimer) {
  EXPECT_EQ(Do({"keep-alive", "f", "CRLF", "--flow-timer", "120"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "set\n");
  EXPECT_EQ(broker_.keep_alive.Wait()->method(), v1::KEEP_ALIVE_METHOD_CRLF);
  EXPECT_EQ(broker_.keep_alive.Wait()->flow_timer().seconds(), 120);
  EXPECT_EQ(Do({"keep-alive", "f", "none", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "{}\n");
  EXPECT_FALSE(broker_.keep_alive.Wait()->has_flow_timer());
}

TEST_F(EdgeSessionTest, ATokenIsPrintedAndNamesItsFlowAgain) {
  EXPECT_EQ(Do({"token", "f"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "token of f\n");
  EXPECT_EQ(Do({"token", "f", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "{\"token\":\"token of f\"}\n");
  EXPECT_EQ(Do({"verify", "token of f"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "live: flow f  TCP 192.0.2.9:5060 → [2001:db8::2]:40000\n");
}

TEST_F(EdgeSessionTest, ATokenThatIsNotGoodHasAnExitCode) {
  EXPECT_EQ(Do({"verify", "x"}), ExitCode::kOther);
  EXPECT_EQ(out_.str(), "forged: answer 403\n");
  EXPECT_EQ(Do({"verify", "gone", "--json"}), ExitCode::kUnavailable);
  EXPECT_THAT(out_.str(), HasSubstr("\"sip_status\":430"));
}

TEST_F(EdgeSessionTest, BindingsAreATableOrADocument) {
  v1::BindingTarget& target = broker_.targets.emplace_back();
  for (v1::Binding* binding : {target.mutable_binding(), target.add_next()}) {
    binding->set_aor("sip:a@b");
    binding->set_contact_uri("sip:a@192.0.2.1\x1b[2J");
    binding->set_q(0.25);
    binding->add_path("sip:t@p;lr");
  }
  target.mutable_binding()->set_flow_id("f1");
  target.mutable_next(0)->set_flow_id("f2");
  EXPECT_EQ(Do({"bindings", "sip:a@b"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("1 target\n"));
  EXPECT_THAT(out_.str(), HasSubstr("f1"));
  EXPECT_THAT(out_.str(), HasSubstr("f2"));
  EXPECT_THAT(out_.str(), HasSubstr(" 0.25 "));
  EXPECT_THAT(out_.str(), HasSubstr("sip:t@p;lr"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
  EXPECT_EQ(Do({"bindings", "sip:a@b", "--json"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("\"flow_id\":\"f2\""));
  EXPECT_EQ(Do({"bindings", "sip:nobody@b"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "nobody is registered\n");
}

TEST_F(EdgeSessionTest, BindingsAreWatchedUntilTheCount) {
  for (std::uint64_t sequence = 1; sequence <= 2; ++sequence) {
    v1::BindingEvent& event = broker_.binding_events.emplace_back();
    event.set_sequence(sequence);
    event.set_change(v1::BINDING_CHANGE_FLOW_ENDED);
    event.mutable_binding()->set_flow_id("f" + std::to_string(sequence));
  }
  EXPECT_EQ(Do({"bindings", "sip:a@b", "--watch", "--after", "1", "--count", "1"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("flow ended"));
  EXPECT_THAT(out_.str(), HasSubstr("f2\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("f1")));
  EXPECT_EQ(broker_.watched_aor.Wait(), "sip:a@b");
}

}  // namespace
}  // namespace flowbroker::cli
