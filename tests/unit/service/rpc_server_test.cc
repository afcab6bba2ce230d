#include "service/rpc/rpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "service/rpc/listen_address.h"
#include "tests/unit/service/fake_broker.h"

namespace flowbroker::rpc {
namespace {

using engine::Eventually;
using engine::FakeBroker;
using testing::HasSubstr;
using testing::StartsWith;

class RpcServerTest : public testing::Test {
 protected:
  explicit RpcServerTest(config::ServiceConfig config = {}) : config_(std::move(config)) {
    config_.listen = {"127.0.0.1:0"};
    config_.grpc_plaintext = true;
    broker_ = *engine::ConnectionBroker::Create({}, nullptr);
    server_ = *RpcServer::Start(config_, *broker_);
    server_->SetServing(true);
    channel_ = grpc::CreateChannel(server_->addresses(), grpc::InsecureChannelCredentials());
  }

  ~RpcServerTest() override { Stop(); }

  void Stop(Duration drain = std::chrono::seconds(5)) {
    if (!server_) return;
    server_->Drain(drain);
    broker_->Stop();
    server_.reset();
  }

  grpc::Status Acquire(const std::string& uri, v1::AcquireResponse& response) {
    grpc::ClientContext context;
    v1::AcquireRequest request;
    request.mutable_destination()->set_uri(uri);
    return v1::BrokerService::NewStub(channel_)->Acquire(&context, request, &response);
  }

  grpc::health::v1::HealthCheckResponse::ServingStatus Health() {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_TRUE(grpc::health::v1::Health::NewStub(channel_)->Check(&context, {}, &response).ok());
    return response.status();
  }

  config::ServiceConfig config_;
  std::unique_ptr<engine::ConnectionBroker> broker_;
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(RpcServerTest, AnswersAnAcquireInsideTheCallAndLater) {
  for (const char* uri : {"sip:pooled@h", "sip:later@h"}) {
    v1::AcquireResponse response;
    const grpc::Status status = Acquire(uri, response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.flow_id(), FakeBroker::KnownFlow().ToString());
    EXPECT_EQ(response.remote().address(), "192.0.2.1");
    EXPECT_EQ(response.trace().steps_size(), 1);
  }
}

TEST_F(RpcServerTest, UsesCallObjectsAgainWithoutMixingThemUp) {
  for (int i = 0; i < 200; ++i) {
    v1::AcquireResponse response;
    ASSERT_TRUE(Acquire(i % 2 == 0 ? "sip:pooled@h" : "sip:later@h", response).ok());
    ASSERT_EQ(response.trace().steps_size(), 1);
    ASSERT_FALSE(Acquire("sip:fail@h", response).ok());
  }
}

TEST_F(RpcServerTest, AFailedAcquireCarriesItsTrace) {
  v1::AcquireResponse response;
  const grpc::Status status = Acquire("sip:fail@h", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  google::rpc::Status details;
  v1::Trace trace;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&trace));
  EXPECT_EQ(trace.steps(0).failure(), "timed_out");
}

TEST_F(RpcServerTest, AMalformedRequestNamesItsField) {
  v1::AcquireResponse response;
  const grpc::Status status = Acquire("http://h", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), StartsWith("destination.uri: "));
}

TEST_F(RpcServerTest, ACallerThatGivesUpIsCancelledAtTheBroker) {
  grpc::ClientContext context;
  v1::AcquireRequest request;
  request.mutable_destination()->set_uri("sip:never@h");
  std::thread caller([&] {
    v1::AcquireResponse response;
    const auto status = v1::BrokerService::NewStub(channel_)->Acquire(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  });
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().waiting() == 1; }));
  context.TryCancel();
  caller.join();
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().cancelled() == 1; }));
}

TEST_F(RpcServerTest, ServesTheOtherUnaryCalls) {
  auto brokers = v1::BrokerService::NewStub(channel_);
  auto flows = v1::FlowService::NewStub(channel_);
  const std::string known = FakeBroker::KnownFlow().ToString();
  const auto call = [](auto&& function) {
    grpc::ClientContext context;
    return function(&context);
  };
  v1::WarmRequest warm;
  warm.mutable_destination()->set_uri("sip:h");
  v1::WarmResponse warmed;
  EXPECT_TRUE(call([&](auto* c) { return brokers->Warm(c, warm, &warmed); }).ok());
  EXPECT_TRUE(warmed.already_warm());

  v1::ReleaseRequest release;
  v1::ReleaseResponse released;
  release.set_flow_id(known);
  EXPECT_TRUE(call([&](auto* c) { return brokers->Release(c, release, &released); }).ok());
  release.set_flow_id("x");
  EXPECT_EQ(call([&](auto* c) { return brokers->Release(c, release, &released); }).error_code(),
            grpc::StatusCode::NOT_FOUND);

  v1::ResolveRequest resolve;
  v1::ResolveResponse resolved;
  resolve.mutable_destination()->set_uri("sip:h");
  EXPECT_EQ(call([&](auto* c) { return brokers->Resolve(c, resolve, &resolved); }).error_code(),
            grpc::StatusCode::NOT_FOUND);

  v1::ReportOutcomeRequest report;
  v1::ReportOutcomeResponse reported;
  report.set_flow_id("not one of ours");
  report.set_outcome(v1::TRANSACTION_OUTCOME_ANSWERED);
  EXPECT_TRUE(call([&](auto* c) { return brokers->ReportOutcome(c, report, &reported); }).ok());
  EXPECT_FALSE(reported.known_flow());

  v1::GetFlowRequest get;
  v1::GetFlowResponse got;
  get.set_flow_id(known);
  EXPECT_TRUE(call([&](auto* c) { return flows->GetFlow(c, get, &got); }).ok());
  EXPECT_EQ(got.flow().flow_id(), known);

  v1::ProbeFlowRequest probe;
  v1::ProbeFlowResponse probed;
  probe.set_flow_id(known);
  EXPECT_TRUE(call([&](auto* c) { return flows->ProbeFlow(c, probe, &probed); }).ok());
  EXPECT_EQ(probed.answer(), "CRLF");

  v1::CloseFlowRequest close;
  v1::CloseFlowResponse closed;
  EXPECT_EQ(call([&](auto* c) { return flows->CloseFlow(c, close, &closed); }).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(RpcServerTest, SetKeepAliveTakesAMethodAndAFlowTimerAndNamesWhatIsWrong) {  // O4
  auto stub = v1::FlowService::NewStub(channel_);
  v1::SetKeepAliveRequest request;
  v1::SetKeepAliveResponse response;
  const auto call = [&] {
    grpc::ClientContext context;
    return stub->SetKeepAlive(&context, request, &response);
  };
  request.set_flow_id(FakeBroker::KnownFlow().ToString());
  EXPECT_EQ(call().error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "no method";
  request.set_method(static_cast<v1::KeepAliveMethod>(77));
  EXPECT_EQ(call().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_method(v1::KEEP_ALIVE_METHOD_CRLF);
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(FakeBroker::Last().keep_alive(), std::pair(flow::KeepAliveMethod::kCrlf, std::optional<Duration>()));
  request.mutable_flow_timer()->set_seconds(50);
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(FakeBroker::Last().keep_alive()->second, std::chrono::seconds(50));
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{3601}}) {
    request.mutable_flow_timer()->set_seconds(seconds);
    EXPECT_EQ(call().error_code(), grpc::StatusCode::INVALID_ARGUMENT) << seconds;
  }
  request.clear_flow_timer();
  request.set_flow_id(FakeBroker::MakeFlow(99).ToString());
  EXPECT_EQ(call().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(RpcServerTest, ListsFlowsPageByPage) {
  auto stub = v1::FlowService::NewStub(channel_);
  v1::ListFlowsRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  do {
    grpc::ClientContext context;
    v1::ListFlowsResponse response;
    ASSERT_TRUE(stub->ListFlows(&context, request, &response).ok());
    for (const v1::Flow& flow : response.flows()) seen.push_back(flow.flow_id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 5U);
}

TEST_F(RpcServerTest, RefusesAPageItCannotGive) {
  auto stub = v1::FlowService::NewStub(channel_);
  const auto refused = [&](const v1::ListFlowsRequest& request) {
    grpc::ClientContext context;
    v1::ListFlowsResponse response;
    const grpc::Status status = stub->ListFlows(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return status.error_message();
  };
  v1::ListFlowsRequest request;
  request.set_page_token("bogus");
  EXPECT_THAT(refused(request), StartsWith("page_token: "));
  request.Clear();
  request.set_page_size(1001);
  EXPECT_THAT(refused(request), StartsWith("page_size: "));
}

TEST_F(RpcServerTest, HealthFollowsServing) {
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->SetServing(false);
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
}

TEST_F(RpcServerTest, AHealthWatcherIsToldOfTheChange) {
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("flowbroker.v1.BrokerService");
  grpc::health::v1::HealthCheckResponse response;
  auto reader = grpc::health::v1::Health::NewStub(channel_)->Watch(&context, request);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->SetServing(false);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  context.TryCancel();
}

TEST_F(RpcServerTest, AnUnknownServiceHasNoHealth) {
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("nobody");
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_EQ(grpc::health::v1::Health::NewStub(channel_)->Check(&context, request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(RpcServerTest, DrainLetsCallsFinishWithTheBrokersAnswer) {
  std::thread caller([&] {
    v1::AcquireResponse response;
    EXPECT_FALSE(Acquire("sip:never@h", response).ok());
  });
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().waiting() == 1; }));
  Stop(std::chrono::milliseconds(1));  // the drain time runs out, the call is cancelled
  caller.join();
}

TEST_F(RpcServerTest, ADrainingServerTakesNoNewWorkButFinishesWhatThereIs) {
  server_->BeginDrain(std::chrono::seconds(5));
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  v1::AcquireResponse response;
  const grpc::Status status = Acquire("sip:pooled@h", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_EQ(details.details_size(), 2);
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "DRAINING");
  EXPECT_EQ(info.domain(), "flowbroker");
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().seconds(), 0);

  grpc::ClientContext context;
  v1::ReleaseRequest release;
  v1::ReleaseResponse released;
  release.set_flow_id(FakeBroker::KnownFlow().ToString());
  EXPECT_TRUE(v1::BrokerService::NewStub(channel_)->Release(&context, release, &released).ok());
}

TEST_F(RpcServerTest, TheProcessCallsItselfAsTheOperator) {
  grpc::ClientContext context;
  v1::ResetHistoryRequest request;
  request.set_all(true);
  v1::ResetHistoryResponse response;
  const auto status =
      v1::HistoryService::NewStub(server_->InProcessChannel())->ResetHistory(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(RpcServerTest, APortWithoutTlsIsOnlyOpenedWhenAskedFor) {
  EXPECT_THAT(server_->warnings(), testing::ElementsAre(HasSubstr("not encrypted")));
  config::ServiceConfig config;
  config.listen = {"127.0.0.1:0"};
  const auto refused = RpcServer::Start(config, *broker_);
  ASSERT_FALSE(refused);
  for (const char* setting :
       {"grpc-certificate-file", "grpc-private-key-file", "grpc-client-ca-file", "grpc-plaintext"}) {
    EXPECT_THAT(refused.error().detail, HasSubstr(setting));
  }
  config.grpc_certificate_file = "/a";
  config.grpc_private_key_file = "/b";
  config.grpc_plaintext = true;
  const auto half = RpcServer::Start(config, *broker_);
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().detail, "gRPC over TLS also needs grpc-client-ca-file");
}

TEST_F(RpcServerTest, APortInUseIsAClearError) {
  config::ServiceConfig config;
  config.listen = {server_->addresses()};
  config.grpc_plaintext = true;
  const auto second = RpcServer::Start(config, *broker_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().detail, "cannot listen on " + server_->addresses() +
                                       ": Address already in use; stop what listens there, or choose another address");
}

TEST_F(RpcServerTest, ANameIsListenedOnWithAllOfItsAddressesOrNotAtAll) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST;
  addrinfo* free = nullptr;
  addrinfo* taken = nullptr;
  const std::string port = server_->addresses().substr(server_->addresses().rfind(':') + 1);
  ASSERT_EQ(getaddrinfo("127.0.0.1", "0", &hints, &free), 0);
  ASSERT_EQ(getaddrinfo("127.0.0.1", port.c_str(), &hints, &taken), 0);
  EXPECT_TRUE(CanListenOnAll("sip.example.org:0", *free));
  free->ai_next = taken;
  const auto both = CanListenOnAll("sip.example.org:0", *free);
  free->ai_next = nullptr;
  freeaddrinfo(free);
  freeaddrinfo(taken);
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error().detail, HasSubstr("sip.example.org:0 (127.0.0.1 of several): Address already in use"));
}

TEST_F(RpcServerTest, AUnixSocketInUseIsNotTakenAwayButAStaleOneIsReplaced) {
  const auto directory = std::filesystem::temp_directory_path() / ("flowbroker-test-" + std::to_string(getpid()));
  config::ServiceConfig config;
  config.listen = {"unix:" + (directory / "s").string()};
  {
    auto first = RpcServer::Start(config, *broker_);
    ASSERT_TRUE(first) << first.error().detail;
    const auto second = RpcServer::Start(config, *broker_);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().detail, HasSubstr("another process is listening there"));
    (*first)->Drain({});
  }
  const auto permissions = std::filesystem::status(directory).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_all);
  auto again = RpcServer::Start(config, *broker_);
  EXPECT_TRUE(again) << again.error().detail;
  if (again) (*again)->Drain({});
  again->reset();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace flowbroker::rpc
