#include <gtest/gtest.h>
#include <stdlib.h>

#include "clients/cpp/channel.h"
#include "clients/cpp/flowbroker_client.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

using namespace std::chrono_literals;

v1::Trace OneStepTrace() {
  v1::Trace trace;
  v1::TraceStep& step = *trace.add_steps();
  step.set_what(v1::TRACE_WHAT_ATTEMPT);
  step.set_subject("TCP 192.0.2.1:5060");
  step.set_outcome(v1::TRACE_OUTCOME_FAILED);
  step.set_failure("refused");
  step.mutable_end()->set_nanos(20'000'000);
  return trace;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    broker_.on_acquire = [](auto&, const auto&, v1::AcquireResponse& response) {
      response.set_flow_id("flow-1");
      return grpc::Status::OK;
    };
  }

  FakeBroker broker_;
  Client client_{{.address = broker_.address()}};
};

TEST_F(ClientTest, AcquireGivesTheFlowOfTheBroker) {
  broker_.on_acquire = [](auto&, const v1::AcquireRequest& request, v1::AcquireResponse& response) {
    response.set_flow_id("flow of " + request.destination().uri());
    response.set_transport(v1::TRANSPORT_TLS);
    response.set_family(v1::ADDRESS_FAMILY_IPV6);
    response.mutable_remote()->set_address("2001:db8::1");
    response.mutable_remote()->set_port(5061);
    response.set_source(v1::FLOW_SOURCE_POOLED);
    response.mutable_timers()->mutable_t1()->set_nanos(100'000'000);
    return grpc::Status::OK;
  };
  const auto flow = client_.Acquire("sips:alice@example.org");
  ASSERT_TRUE(flow) << flow.error().ToString();
  EXPECT_EQ(flow->flow_id, "flow of sips:alice@example.org");
  EXPECT_EQ(flow->transport, Transport::kTls);
  EXPECT_EQ(flow->family, AddressFamily::kIpv6);
  EXPECT_EQ(flow->remote.ToString(), "[2001:db8::1]:5061");
  EXPECT_EQ(flow->source, FlowSource::kPooled);
  EXPECT_EQ(flow->timers.t1, 100ms);
  EXPECT_FALSE(flow->trace);
}

TEST_F(ClientTest, AcquireSendsEveryFieldOfTheRequest) {
  Promise<v1::AcquireRequest> asked;
  broker_.on_acquire = [&](auto&, const v1::AcquireRequest& request, auto&) {
    asked.Set(request);
    return grpc::Status::OK;
  };
  const AcquireRequest request{.destination = {.to = ResponseDestination{.transport = Transport::kTcp,
                                                                         .sent_by_host = "example.org",
                                                                         .sent_by_port = 5070,
                                                                         .received = "192.0.2.7",
                                                                         .rport = std::nullopt},
                                               .allowed_transports = {Transport::kTcp, Transport::kTls},
                                               .local_address = "192.0.2.9",
                                               .local_interface = "eth0",
                                               .tls_identity = "sip.example.org"},
                               .client_group = "edge",
                               .time_sensitive = false,
                               .exclusive = true,
                               .request_id = "r1",
                               .want_trace = true};
  ASSERT_TRUE(client_.Acquire(request));
  const v1::AcquireRequest seen = *asked.Wait();
  EXPECT_EQ(seen.destination().response().sent_by_host(), "example.org");
  EXPECT_EQ(seen.destination().response().sent_by_port(), 5070U);
  EXPECT_EQ(seen.destination().response().rport(), 0U);
  EXPECT_EQ(seen.destination().response().received(), "192.0.2.7");
  EXPECT_EQ(seen.destination().allowed_transports_size(), 2);
  EXPECT_EQ(seen.destination().local_address(), "192.0.2.9");
  EXPECT_EQ(seen.destination().local_interface(), "eth0");
  EXPECT_EQ(seen.destination().tls_identity(), "sip.example.org");
  EXPECT_EQ(seen.client_group(), "edge");
  EXPECT_TRUE(seen.has_time_sensitive());
  EXPECT_FALSE(seen.time_sensitive());
  EXPECT_TRUE(seen.exclusive());
  EXPECT_EQ(seen.request_id(), "r1");
  EXPECT_TRUE(seen.want_trace());
}

TEST_F(ClientTest, ErrorCarriesNameMessageAndTrace) {
  broker_.on_acquire = [](auto&, const auto&, auto&) {
    return ErrorStatus(grpc::StatusCode::UNAVAILABLE, "refused: nothing listens there", OneStepTrace());
  };
  const auto flow = client_.Acquire("sip:alice@example.org");
  ASSERT_FALSE(flow);
  EXPECT_EQ(flow.error().code, Code::kUnavailable);
  EXPECT_EQ(flow.error().failure, "refused");
  EXPECT_EQ(flow.error().message, "nothing listens there");
  ASSERT_TRUE(flow.error().trace);
  ASSERT_EQ(flow.error().trace->steps.size(), 1U);
  EXPECT_EQ(flow.error().trace->steps[0].failure, "refused");
  EXPECT_EQ(flow.error().trace->steps[0].end, 20ms);
}

TEST_F(ClientTest, TimeoutIsTheDeadlineTheBrokerSees) {
  Promise<Duration> left;
  broker_.on_acquire = [&](grpc::ServerContext& context, const auto&, auto&) {
    left.Set(context.deadline() - std::chrono::system_clock::now());
    return grpc::Status::OK;
  };
  ASSERT_TRUE(client_.Acquire("sip:alice@example.org", 300s));
  EXPECT_LE(*left.Wait(), 301s);
  EXPECT_GE(*left.Wait(), 200s);
}

TEST_F(ClientTest, AsynchronousAcquireCallsBackWithTheFlow) {
  Promise<Result<AcquiredFlow>> answer;
  client_.AcquireAsync({.destination = {.to = "sip:alice@example.org"}},
                       [&](auto flow) { answer.Set(std::move(flow)); });
  const auto flow = answer.Wait();
  ASSERT_TRUE(flow && *flow);
  EXPECT_EQ((*flow)->flow_id, "flow-1");
}

TEST_F(ClientTest, DestructorCancelsAsynchronousCalls) {
  Promise<bool> asked;
  broker_.on_acquire = [&](grpc::ServerContext& context, const auto&, auto&) {
    asked.Set(true);
    while (!context.IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  };
  std::optional<Result<AcquiredFlow>> answer;
  {
    Client client({.address = broker_.address()});
    client.AcquireAsync({.destination = {.to = "sip:alice@example.org"}}, [&](auto flow) { answer = std::move(flow); });
    ASSERT_TRUE(asked.Wait());
  }
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error().code, Code::kCancelled);
}

TEST_F(ClientTest, ListFlowsFollowsThePages) {
  const auto flows = client_.ListFlows();
  ASSERT_TRUE(flows);
  ASSERT_EQ(flows->size(), 2U);
  EXPECT_EQ((*flows)[0].flow_id, "one");
  EXPECT_EQ((*flows)[1].flow_id, "two");
}

TEST_F(ClientTest, WarmSaysWhetherAFlowIsThere) {
  const auto warm = client_.Warm({.destination = {.to = "sip:alice@example.org"}});
  ASSERT_TRUE(warm);
  EXPECT_TRUE(*warm);
}

TEST_F(ClientTest, CallsTheBrokerDoesNotKnowAreErrors) {
  const auto result = client_.Release("flow-1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kUnimplemented);
}

TEST_F(ClientTest, BrokerThatWentAwayIsUnreachable) {
  broker_.Stop();
  const auto flow = client_.Acquire("sip:alice@example.org");
  ASSERT_FALSE(flow);
  EXPECT_EQ(flow.error().code, Code::kUnavailable);
  EXPECT_EQ(flow.error().failure, kBrokerUnreachable);
}

TEST(BrokerAddressTest, TakesWhatIsGivenThenTheEnvironment) {
  ASSERT_EQ(setenv("FLOWBROKER_ADDRESS", "unix:/environment", 1), 0);
  EXPECT_EQ(BrokerAddress("unix:/given"), "unix:/given");
  EXPECT_EQ(BrokerAddress(), "unix:/environment");
  ASSERT_EQ(unsetenv("FLOWBROKER_ADDRESS"), 0);
}

TEST(BrokerAddressTest, TakesNoSocketOfAnotherUserAndNoPlainFile) {
  EXPECT_FALSE(IsOurSocket("/etc/passwd"));
  EXPECT_FALSE(IsOurSocket("/no/such/socket"));
  FakeBroker broker;
  EXPECT_TRUE(IsOurSocket(broker.address().substr(std::string("unix:").size())));
}

}  // namespace
}  // namespace flowbroker::client
