#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/unit/service/secured_server.h"

namespace flowbroker::rpc {
namespace {

using engine::Eventually;
using engine::FakeBroker;
using net::testing::Credential;
using net::testing::MakeCredential;
using testing::HasSubstr;

constexpr const char* kProxy = "spiffe://example.org/proxy";

class RpcSecurityTest : public SecuredServerTest {
 protected:
  static grpc::Status Reset(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::ResetHistoryRequest request;
    request.set_all(true);
    v1::ResetHistoryResponse response;
    return v1::HistoryService::NewStub(channel)->ResetHistory(&context, request, &response);
  }
};

TEST_F(RpcSecurityTest, ACallerIsTheTenantOfItsCertificateAndNothingElse) {
  Start();
  const auto proxy = ConnectAs(std::string("URI:") + kProxy + ",DNS:console.example.org");
  ASSERT_TRUE(GetFlow(proxy).ok());
  EXPECT_EQ(LastScope().tenant, kProxy) << "not the DNS name of an operator beside it, nor the common name";
  ASSERT_TRUE(GetFlow(ConnectAs("DNS:B.example.org,DNS:console.example.org")).ok());
  EXPECT_EQ(LastScope().tenant, "b.example.org");
}

TEST_F(RpcSecurityTest, NothingACallerSendsMakesHimSomebodyElse) {
  Start();
  const auto channel = ConnectAs(std::string("URI:") + kProxy);
  ASSERT_TRUE(GetFlow(channel, {{"tenant", ""},
                                {"x-forwarded-client-cert", "URI=spiffe://example.org/other"},
                                {"transport_security_type", "insecure"},
                                {"peer_uri", "spiffe://example.org/other"},
                                {"authorization", "Bearer operator"}})
                  .ok());
  EXPECT_EQ(LastScope().tenant, kProxy);
  EXPECT_EQ(Reset(channel).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(RpcSecurityTest, AStreamEndsWhenItsConnectionIsOldAndCallsGoOn) {
  config_.grpc_connection_age = std::chrono::milliseconds(300);
  config_.grpc_connection_age_grace = std::chrono::seconds(1);
  Start();
  const auto channel = ConnectAs(std::string("URI:") + kProxy);
  grpc::ClientContext context;
  const auto watch = v1::FlowService::NewStub(channel)->WatchFlows(&context, {});
  grpc::Status ended;
  std::atomic<bool> over = false;
  std::thread reader([&] {
    v1::WatchFlowsResponse response;
    while (watch->Read(&response)) {
    }
    ended = watch->Finish();
    over = true;
  });
  while (!over) EXPECT_TRUE(GetFlow(channel).ok());
  reader.join();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(GetFlow(channel).ok());
}

TEST_F(RpcSecurityTest, WithoutACertificateOfOurAuthoritiesNobodyGetsIn) {
  Start();
  const Credential expired = MakeCredential(
      {.subject_alt_name = "DNS:b.example.org", .not_before_days = -9, .not_after_days = -1}, &authority_);
  const Credential own = MakeCredential({.subject_alt_name = "DNS:b.example.org"}, nullptr);
  EXPECT_EQ(GetFlow(Connect(nullptr)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(GetFlow(Connect(&expired)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(GetFlow(Connect(&own)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(GetFlow(ConnectAs("DNS:b.example.org", &foreign_)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(GetFlow(ConnectAs("DNS:b.example.org", nullptr, "serverAuth")).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(GetFlow(grpc::CreateChannel(tls_address_, grpc::InsecureChannelCredentials())).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(FakeBroker::Last().seen().empty());
  EXPECT_TRUE(GetFlow(ConnectAs("DNS:b.example.org", nullptr, "clientAuth")).ok());
}

TEST_F(RpcSecurityTest, ACertificateThatNamesNobodyIsToldWhatItLacks) {
  Start();
  for (const char* names :
       {"", "IP:127.0.0.1", "URI:https://a/", "DNS:*.example.org", "email:a@example.org",
        "URI:spiffe://Example.org/a,DNS:b.example.org", "URI:spiffe://example.org/a,URI:spiffe://example.org/b"}) {
    const grpc::Status status = GetFlow(ConnectAs(names));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << names;
    EXPECT_THAT(status.error_message(), HasSubstr("issue one")) << names;
  }
  grpc::ClientContext context;
  v1::RelayResponse answer;
  const auto relay = v1::FlowService::NewStub(ConnectAs(""))->Relay(&context);
  EXPECT_FALSE(relay->Read(&answer));
  EXPECT_EQ(relay->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(FakeBroker::Last().seen().empty());
}

TEST_F(RpcSecurityTest, WatchingHealthCountsAsAStream) {
  config_.tenant_streams = 1;
  Start();
  const auto health = grpc::health::v1::Health::NewStub(ConnectAs("DNS:b.example.org"));
  grpc::health::v1::HealthCheckResponse response;
  grpc::ClientContext first_context;
  const auto first = health->Watch(&first_context, {});
  ASSERT_TRUE(first->Read(&response));
  grpc::ClientContext second_context;
  const auto second = health->Watch(&second_context, {});
  EXPECT_FALSE(second->Read(&response));
  EXPECT_EQ(second->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  first_context.TryCancel();
}

TEST_F(RpcSecurityTest, AUnixSocketIsForWhomItsModeNames) {
  const auto mode_of = [this] {
    struct stat status{};
    EXPECT_EQ(stat((directory_ / "s").c_str(), &status), 0);
    return status.st_mode & 0777U;
  };
  Start();
  EXPECT_EQ(mode_of(), 0600U);
  server_->Drain({});
  server_.reset();
  config_.listen_mode = "0660";
  Start();
  EXPECT_EQ(mode_of(), 0660U);
}

TEST_F(RpcSecurityTest, HealthIsToldToWhoeverGetsIn) {
  Start();
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_TRUE(grpc::health::v1::Health::NewStub(ConnectAs(""))->Check(&context, {}, &response).ok());
}

TEST_F(RpcSecurityTest, CallersOfThisHostAndOperatorsSeeEverything) {
  Start();
  const std::string unix_address = config_.listen[0];
  for (const auto& channel : {grpc::CreateChannel(unix_address, grpc::InsecureChannelCredentials()),
                              server_->InProcessChannel(), ConnectAs("DNS:Console.example.org")}) {
    ASSERT_TRUE(GetFlow(channel).ok());
    EXPECT_EQ(LastScope().tenant, std::nullopt);
    EXPECT_TRUE(Reset(channel).ok());
  }
}

TEST_F(RpcSecurityTest, EveryHandlerPassesOnWhoCalls) {
  Start();
  const auto channel = ConnectAs(std::string("URI:") + kProxy);
  const auto brokers = v1::BrokerService::NewStub(channel);
  const auto flows = v1::FlowService::NewStub(channel);
  const std::string flow = FakeBroker::KnownFlow().ToString();
  const auto call = [](auto&& method) {
    grpc::ClientContext context;
    EXPECT_TRUE(method(&context).ok());
  };
  v1::AcquireRequest acquire;
  v1::AcquireResponse acquired;
  acquire.set_client_group("g");
  for (const char* uri : {"sip:pooled@h", "sip:later@h"}) {
    acquire.mutable_destination()->set_uri(uri);
    call([&](auto* context) { return brokers->Acquire(context, acquire, &acquired); });
  }
  v1::WarmRequest warm;
  v1::WarmResponse warmed;
  warm.set_client_group("g");
  warm.mutable_destination()->set_uri("sip:h");
  call([&](auto* context) { return brokers->Warm(context, warm, &warmed); });
  v1::ReleaseRequest release;
  v1::ReleaseResponse released;
  release.set_flow_id(flow);
  call([&](auto* context) { return brokers->Release(context, release, &released); });
  v1::ReportOutcomeRequest report;
  v1::ReportOutcomeResponse reported;
  report.set_flow_id(flow);
  report.set_outcome(v1::TRANSACTION_OUTCOME_ANSWERED);
  call([&](auto* context) { return brokers->ReportOutcome(context, report, &reported); });
  v1::ListFlowsRequest list;
  v1::ListFlowsResponse listed;
  call([&](auto* context) { return flows->ListFlows(context, list, &listed); });
  v1::GetFlowRequest get;
  v1::GetFlowResponse got;
  get.set_flow_id(flow);
  call([&](auto* context) { return flows->GetFlow(context, get, &got); });
  v1::CloseFlowRequest close;
  v1::CloseFlowResponse closed;
  close.set_flow_id(flow);
  call([&](auto* context) { return flows->CloseFlow(context, close, &closed); });
  v1::ProbeFlowRequest probe;
  v1::ProbeFlowResponse probed;
  probe.set_flow_id(flow);
  call([&](auto* context) { return flows->ProbeFlow(context, probe, &probed); });
  v1::SetKeepAliveRequest keep_alive;
  v1::SetKeepAliveResponse kept;
  keep_alive.set_flow_id(flow);
  keep_alive.set_method(v1::KEEP_ALIVE_METHOD_NONE);
  call([&](auto* context) { return flows->SetKeepAlive(context, keep_alive, &kept); });
  grpc::ClientContext relay_context;
  const auto relay = flows->Relay(&relay_context);
  v1::RelayRequest frame;
  frame.set_client_group("g");
  relay->Write(frame);
  relay->WritesDone();
  EXPECT_TRUE(relay->Finish().ok());

  std::vector<std::string> calls;
  for (const FakeBroker::Seen& seen : FakeBroker::Last().seen()) {
    EXPECT_EQ(seen.scope.tenant, kProxy) << seen.call;
    calls.push_back(seen.call);
  }
  for (const char* each : {"AcquirePooled", "Acquire", "Warm", "Release", "ReportOutcome", "ListFlows", "GetFlow",
                           "ProbeFlow", "SetKeepAlive", "AttachRelay"}) {
    EXPECT_THAT(calls, testing::Contains(each));
  }
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "Release"), 2) << "of CloseFlow too";
}

TEST_F(RpcSecurityTest, EventsAndRacesOfOthersAreNotShown) {
  Start();
  FakeBroker::Last().memory.races = {engine::FakeHistory::RaceOf(1, "h")};  // a local caller's, as all events are
  v1::ListRacesResponse races;
  grpc::ClientContext context;
  const auto channel = ConnectAs(std::string("URI:") + kProxy);
  ASSERT_TRUE(v1::HistoryService::NewStub(channel)->ListRaces(&context, {}, &races).ok());
  EXPECT_EQ(races.races_size(), 0);
  grpc::ClientContext operator_context;
  const auto stub = v1::HistoryService::NewStub(ConnectAs("DNS:console.example.org"));
  ASSERT_TRUE(stub->ListRaces(&operator_context, {}, &races).ok());
  EXPECT_EQ(races.races_size(), 1);

  grpc::ClientContext watch_context;
  const auto watch = v1::FlowService::NewStub(channel)->WatchFlows(&watch_context, {});
  v1::WatchFlowsResponse event;
  ASSERT_TRUE(watch->Read(&event));
  ASSERT_TRUE(Eventually([] { return FakeBroker::Last().watchers() == 1; }));
  FakeBroker::Last().Emit(1);
  server_->BeginDrain(std::chrono::seconds(1));
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_EQ(event.events_size(), 0);
  EXPECT_TRUE(event.has_draining());
}

TEST_F(RpcSecurityTest, ALimitOfATenantNamesItsSettingAndIsCounted) {
  config_.tenant_calls_per_second = 2;
  Start();
  const auto channel = ConnectAs("DNS:b.example.org");
  ASSERT_TRUE(GetFlow(channel).ok());
  grpc::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = GetFlow(channel);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("tenant-calls-per-second"));
  google::rpc::Status details;
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&retry));
  EXPECT_GT(retry.retry_delay().nanos(), 0);
  EXPECT_THAT(limits_.limits(), testing::Each(engine::Limit::kTenantRate));
  EXPECT_TRUE(GetFlow(ConnectAs("DNS:c.example.org")).ok()) << "others are not concerned";
  EXPECT_TRUE(GetFlow(server_->InProcessChannel()).ok());
  config_.tenant_calls_per_second = 0;
  server_->Apply(config_);
  EXPECT_TRUE(GetFlow(channel).ok());
}

TEST_F(RpcSecurityTest, StreamsAndCallsInFlightOfATenantAreLimited) {
  config_.tenant_streams = 1;
  config_.tenant_calls_in_flight = 1;
  Start();
  const auto channel = ConnectAs("DNS:b.example.org");
  const auto flows = v1::FlowService::NewStub(channel);
  v1::WatchFlowsResponse event;
  {
    grpc::ClientContext first_context;
    const auto first = flows->WatchFlows(&first_context, {});
    ASSERT_TRUE(first->Read(&event));
    grpc::ClientContext second_context;
    const auto second = flows->WatchFlows(&second_context, {});
    EXPECT_FALSE(second->Read(&event));
    EXPECT_THAT(second->Finish().error_message(), HasSubstr("tenant-streams"));
    first_context.TryCancel();
    EXPECT_FALSE(first->Read(&event));
  }
  EXPECT_TRUE(Eventually([&] {
    grpc::ClientContext again_context;
    const auto again = flows->WatchFlows(&again_context, {});
    const bool taken = again->Read(&event);
    again_context.TryCancel();
    return taken;
  }));

  grpc::ClientContext context;
  v1::AcquireRequest acquire;
  acquire.mutable_destination()->set_uri("sip:never@h");
  v1::AcquireResponse acquired;
  grpc::CompletionQueue queue;
  const auto brokers = v1::BrokerService::NewStub(channel);
  const auto pending = brokers->AsyncAcquire(&context, acquire, &queue);
  grpc::Status ended;
  pending->Finish(&acquired, &ended, this);
  ASSERT_TRUE(Eventually([] { return FakeBroker::Last().waiting() == 1; }));
  EXPECT_THAT(GetFlow(channel).error_message(), HasSubstr("tenant-calls-in-flight"));
  context.TryCancel();
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  EXPECT_TRUE(Eventually([&] { return GetFlow(channel).ok(); })) << "its place is free again";
}

}  // namespace
}  // namespace flowbroker::rpc
