#include "clients/cli/session.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "tests/unit/clients/fake_broker.h"

// flowctl from command line to exit code, against a broker in this process.
namespace flowbroker::cli {
namespace {

using client::FakeBroker;
using google::protobuf::Value;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    broker_.on_acquire = [](auto&, const auto&, v1::AcquireResponse& response) {
      response.set_flow_id("flow-1");
      response.set_transport(v1::TRANSPORT_UDP);
      response.mutable_local()->set_address("192.0.2.1");
      response.mutable_local()->set_port(5060);
      response.mutable_timers()->mutable_t1()->set_nanos(1'000'000);
      return grpc::Status::OK;
    };
  }

  ExitCode Do(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), {"flowctl", "--address", broker_.address().c_str()});
    const Parsed parsed = ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
    if (!parsed.invocation) return parsed.code;
    Session session(*parsed.invocation, out_, err_, {.columns = 100, .colour = false});
    return cli::Run(session);
  }

  // A field of the JSON document that was printed, by its path.
  Value Field(std::initializer_list<const char*> path) {
    Value value;
    if (!google::protobuf::util::JsonStringToMessage(out_.str(), &value).ok()) return {};
    for (const char* name : path) {
      const Value inner =
          value.struct_value().fields().count(name) != 0 ? value.struct_value().fields().at(name) : Value();
      value = inner;
    }
    return value;
  }

  // Answers an OPTIONS with what it is: the Via comes back.
  static std::string Answer(const std::string& request) {
    const std::size_t via = request.find("Via: ");
    return "SIP/2.0 200 Fine\r\n" + request.substr(via, request.find("\r\n", via) - via) + "\r\n\r\n";
  }

  FakeBroker broker_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(SessionTest, AcquirePrintsTheResponseAsJson) {
  EXPECT_EQ(Do({"acquire", "sip:example.org", "--json"}), ExitCode::kOk);
  EXPECT_EQ(Field({"flow_id"}).string_value(), "flow-1");
  EXPECT_EQ(Field({"local", "address"}).string_value(), "192.0.2.1");
  EXPECT_EQ(Field({"timers", "t1"}).string_value(), "0.001s");
  EXPECT_EQ(Field({"source"}).string_value(), "FLOW_SOURCE_UNSPECIFIED");
}

TEST_F(SessionTest, ErrorsAreADocumentOnStandardOutputAndAnExitCode) {
  broker_.on_acquire = [](auto&, const auto&, auto&) {
    v1::Trace trace;
    trace.add_steps()->set_failure("refused");
    return client::ErrorStatus(grpc::StatusCode::UNAVAILABLE, "refused: nothing listens", trace);
  };
  EXPECT_EQ(Do({"acquire", "sip:example.org", "--json"}), ExitCode::kUnavailable);
  EXPECT_EQ(Field({"error", "code"}).string_value(), "UNAVAILABLE");
  EXPECT_EQ(Field({"error", "failure"}).string_value(), "refused");
  EXPECT_EQ(Field({"error", "message"}).string_value(), "nothing listens");
  EXPECT_EQ(Field({"error", "trace", "steps"}).list_value().values_size(), 1);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(SessionTest, ErrorsForPeopleGoToStandardError) {
  broker_.on_acquire = [](auto&, const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "limit_reached: max_flows");
  };
  EXPECT_EQ(Do({"acquire", "sip:example.org"}), ExitCode::kResourceExhausted);
  EXPECT_EQ(out_.str(), "");
  EXPECT_NE(err_.str().find("RESOURCE_EXHAUSTED limit_reached"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("max_flows"), std::string::npos) << err_.str();
}

TEST_F(SessionTest, OptionsSendsARequestAndPrintsTheAnswer) {
  broker_.on_message = &Answer;
  EXPECT_EQ(Do({"options", "sip:example.org", "--json"}), ExitCode::kOk);
  EXPECT_EQ(Field({"acquire", "flow_id"}).string_value(), "flow-1");
  EXPECT_EQ(Field({"response", "status_code"}).number_value(), 200);
  EXPECT_EQ(Field({"response", "reason"}).string_value(), "Fine");
  EXPECT_GE(Field({"answer_ms"}).number_value(), 0);
}

TEST_F(SessionTest, OptionsOverUdpIsRetransmitted) {
  int requests = 0;
  broker_.on_message = [&](const std::string& request) { return ++requests < 3 ? std::string() : Answer(request); };
  EXPECT_EQ(Do({"options", "sip:example.org"}), ExitCode::kOk);
  EXPECT_NE(out_.str().find("SIP/2.0 200 Fine"), std::string::npos) << out_.str();
}

TEST_F(SessionTest, OptionsWithoutAnAnswerIsNotInTime) {
  broker_.on_message = [](const std::string&) { return "SIP/2.0 100 Trying\r\nVia: x;branch=z9hG4bKother\r\n\r\n"; };
  EXPECT_EQ(Do({"options", "sip:example.org", "--timeout", "0.2", "--json"}), ExitCode::kDeadlineExceeded);
  EXPECT_EQ(Field({"error", "failure"}).string_value(), "no_answer");
}

TEST_F(SessionTest, SendThatFailsHasTheCodeOfItsReason) {
  EXPECT_EQ(Do({"send", "gone", "--file", CLIENTS_DIRECTORY "/README.md", "--json"}), ExitCode::kNotFound);
  EXPECT_EQ(Field({"error", "failure"}).string_value(), "unknown_flow");
}

TEST_F(SessionTest, SendWaitsForMessages) {
  broker_.on_message = [](const std::string&) { return "SIP/2.0 200 OK\r\n\r\n"; };
  EXPECT_EQ(Do({"send", "flow-1", "--file", CLIENTS_DIRECTORY "/README.md", "--wait", "20", "--count", "1"}),
            ExitCode::kOk);
  EXPECT_EQ(out_.str(), "SIP/2.0 200 OK\r\n\r\n\n");
}

TEST_F(SessionTest, WatchSaysFirstThatItIsInPlace) {
  v1::FlowEvent& event = broker_.events.emplace_back();
  event.set_sequence(7);
  EXPECT_EQ(Do({"watch", "--after", "6", "--count", "1", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_.str().substr(0, out_.str().find('\n')), R"({"events":[],"latest_sequence":"7"})");
  EXPECT_NE(out_.str().find(R"("sequence":"7")"), std::string::npos);
}

TEST_F(SessionTest, FlowsAreOneDocumentOverAllPages) {
  EXPECT_EQ(Do({"flows", "--json"}), ExitCode::kOk);
  EXPECT_EQ(Field({"flows"}).list_value().values_size(), 2);
}

TEST_F(SessionTest, BrokerThatIsGoneHasAnExitCodeOfItsOwn) {
  broker_.Stop();
  EXPECT_EQ(Do({"acquire", "sip:example.org", "--json"}), ExitCode::kBrokerUnreachable);
  EXPECT_EQ(Field({"error", "failure"}).string_value(), "broker_unreachable");
}

}  // namespace
}  // namespace flowbroker::cli
