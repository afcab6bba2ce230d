#include "clients/cli/command_line.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace flowbroker::cli {
namespace {

Parsed Parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv{"flowctl"};
  argv.insert(argv.end(), arguments);
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandLineTest, AcquireTakesEveryOption) {
  const Parsed parsed = Parse({"acquire",         "sip:alice@example.org",
                               "--transport",     "tcp,TLS",
                               "--local-address", "192.0.2.1",
                               "--interface",     "eth0",
                               "--tls-identity",  "sip.example.org",
                               "--group",         "edge",
                               "--exclusive",     "--no-probe",
                               "--request-id",    "r1",
                               "--timeout",       "2.5",
                               "--json",          "--address",
                               "unix:/x"});
  ASSERT_TRUE(parsed.invocation) << parsed.text;
  const Invocation& asked = *parsed.invocation;
  EXPECT_EQ(asked.command, Command::kAcquire);
  EXPECT_EQ(std::get<std::string>(asked.request.destination.to), "sip:alice@example.org");
  const std::vector<client::Transport> transports{client::Transport::kTcp, client::Transport::kTls};
  EXPECT_EQ(asked.request.destination.allowed_transports, transports);
  EXPECT_EQ(asked.request.destination.local_address, "192.0.2.1");
  EXPECT_EQ(asked.request.destination.local_interface, "eth0");
  EXPECT_EQ(asked.request.destination.tls_identity, "sip.example.org");
  EXPECT_EQ(asked.request.client_group, "edge");
  EXPECT_TRUE(asked.request.exclusive);
  EXPECT_FALSE(asked.request.time_sensitive);
  EXPECT_EQ(asked.request.request_id, "r1");
  EXPECT_DOUBLE_EQ(asked.timeout, 2.5);
  EXPECT_TRUE(asked.json);
  EXPECT_EQ(asked.address, "unix:/x");
}

TEST(CommandLineTest, HasAGroupOfItsOwnAndTenSecondsByDefault) {
  const Parsed parsed = Parse({"options", "sip:example.org"});
  ASSERT_TRUE(parsed.invocation);
  EXPECT_EQ(parsed.invocation->request.client_group, "flowctl");
  EXPECT_FALSE(parsed.invocation->group);
  EXPECT_TRUE(parsed.invocation->request.time_sensitive);
  EXPECT_TRUE(parsed.invocation->request.want_trace);
  EXPECT_DOUBLE_EQ(parsed.invocation->timeout, 10);
}

TEST(CommandLineTest, GlobalOptionsMayComeFirst) {
  const Parsed parsed = Parse({"--json", "--address", "h:1", "flows", "--group", ""});
  ASSERT_TRUE(parsed.invocation) << parsed.text;
  EXPECT_TRUE(parsed.invocation->json);
  EXPECT_EQ(parsed.invocation->group, "");
}

TEST(CommandLineTest, EveryCommandIsThere) {
  EXPECT_EQ(Parse({"resolve", "sip:x"}).invocation->command, Command::kResolve);
  EXPECT_EQ(Parse({"send", "sip:x", "--wait", "1"}).invocation->command, Command::kSend);
  EXPECT_EQ(Parse({"flows"}).invocation->command, Command::kFlows);
  EXPECT_EQ(Parse({"watch", "--after", "7"}).invocation->after, 7U);
  EXPECT_EQ(Parse({"close", "f"}).invocation->command, Command::kClose);
  EXPECT_EQ(Parse({"release", "f"}).invocation->command, Command::kRelease);
  EXPECT_EQ(Parse({"probe", "f"}).invocation->subject, "f");
  EXPECT_EQ(Parse({"keep-alive", "f", "stun", "--flow-timer", "30"}).invocation->keep_alive,
            client::KeepAliveMethod::kStun);
  EXPECT_EQ(Parse({"bindings", "sip:a@b"}).invocation->command, Command::kBindings);
  EXPECT_TRUE(Parse({"bindings", "--watch"}).invocation->follow);
  EXPECT_EQ(Parse({"token", "f"}).invocation->command, Command::kToken);
  EXPECT_EQ(Parse({"verify", "t"}).invocation->command, Command::kVerify);
  EXPECT_EQ(Parse({"warm", "sip:x"}).invocation->command, Command::kWarm);
  EXPECT_EQ(Parse({"flow-set", "show", "trunk"}).invocation->command, Command::kShowFlowSet);
  EXPECT_EQ(Parse({"flow-set", "list"}).invocation->command, Command::kListFlowSets);
  EXPECT_EQ(Parse({"flow-set", "delete", "trunk"}).invocation->command, Command::kDeleteFlowSet);
  EXPECT_EQ(Parse({"flow-set", "watch", "trunk", "--after", "7"}).invocation->after, 7U);
  EXPECT_EQ(Parse({"report", "f", "--outcome", "timed-out"}).invocation->outcome,
            client::TransactionOutcome::kTimedOut);
}

TEST(CommandLineTest, FlowsAndTokensThatBeginWithADashGoAfterTwo) {
  EXPECT_EQ(Parse({"close", "--json", "--", "-f"}).invocation->subject, "-f");
  EXPECT_EQ(Parse({"verify", "--", "-t"}).invocation->subject, "-t");
  EXPECT_EQ(Parse({"keep-alive", "--", "-f", "crlf"}).invocation->subject, "-f");
}

TEST(CommandLineTest, WrongUsageIsExitCodeTwo) {
  EXPECT_EQ(Parse({}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"acquire"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"fetch", "sip:x"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"acquire", "sip:x", "--transport", "sctp"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"acquire", "sip:x", "--timeout", "0"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"bindings"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"flow-set"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"flow-set", "ensure", "trunk"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"flow-set", "report", "trunk", "1", "f", "--retry-after", "7"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"keep-alive", "f", "ping"}).code, ExitCode::kUsage);
  EXPECT_EQ(Parse({"keep-alive", "f", "crlf", "--flow-timer", "0"}).code, ExitCode::kUsage);
  EXPECT_FALSE(Parse({"acquire"}).invocation);
  EXPECT_NE(Parse({"acquire"}).text, "");
}

TEST(CommandLineTest, HelpTeachesExamplesAndExitCodes) {
  const Parsed parsed = Parse({"--help"});
  EXPECT_EQ(parsed.code, ExitCode::kOk);
  EXPECT_FALSE(parsed.invocation);
  EXPECT_NE(parsed.text.find("flowctl options sip:example.org"), std::string::npos);
  EXPECT_NE(parsed.text.find("Exit codes"), std::string::npos);
}

}  // namespace
}  // namespace flowbroker::cli
