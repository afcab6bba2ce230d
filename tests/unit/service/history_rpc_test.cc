#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "flowbroker/v1/history_service.grpc.pb.h"
#include "service/rpc/rpc_server.h"
#include "tests/unit/service/fake_broker.h"

namespace flowbroker::rpc {
namespace {

using engine::Eventually;
using engine::FakeBroker;
using engine::FakeHistory;
using testing::ElementsAre;
using testing::StartsWith;

class HistoryRpcTest : public testing::Test {
 protected:
  HistoryRpcTest() {
    config::ServiceConfig config;
    config.listen = {"127.0.0.1:0"};
    config.grpc_plaintext = true;
    config.watch_queue_events = 8;
    broker_ = *engine::ConnectionBroker::Create({}, nullptr);
    server_ = *RpcServer::Start(config, *broker_);
    stub_ = v1::HistoryService::NewStub(grpc::CreateChannel(server_->addresses(), grpc::InsecureChannelCredentials()));
  }

  ~HistoryRpcTest() override {
    server_->Drain(std::chrono::seconds(5));
    broker_->Stop();
    server_.reset();
  }

  static FakeHistory& memory() { return FakeBroker::Last().memory; }

  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::HistoryService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return ((*stub_).*method)(&context, request, &response);
  }

  grpc::Status Reset(const v1::ResetHistoryRequest& request) { return Call(&Stub::ResetHistory, request, reset_); }

  static engine::PreferenceEvent Event(std::uint64_t sequence, std::uint32_t network = 1) {
    return {sequence, {}, FakeHistory::PreferenceOf("192.0.2.0", network)};
  }

  using Stub = v1::HistoryService::Stub;
  std::unique_ptr<engine::ConnectionBroker> broker_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<Stub> stub_;
  v1::ResetHistoryResponse reset_;
  grpc::ClientContext context_;
};

TEST_F(HistoryRpcTest, ListsPreferencesPageByPage) {
  for (const char* prefix : {"192.0.2.0", "198.51.100.0", "203.0.113.0", "2001:db8:1::", "2001:db8:2::"}) {
    memory().preferences.push_back(FakeHistory::PreferenceOf(prefix));
  }
  v1::ListFamilyPreferencesRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  std::vector<int> sizes;
  do {
    v1::ListFamilyPreferencesResponse page;
    ASSERT_TRUE(Call(&Stub::ListFamilyPreferences, request, page).ok());
    for (const auto& row : page.preferences()) seen.push_back(row.prefix());
    sizes.push_back(page.preferences_size());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(seen,
              ElementsAre("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8:1::/48", "2001:db8:2::/48"));
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST_F(HistoryRpcTest, NothingRememberedIsAnEmptyList) {
  v1::ListFamilyPreferencesResponse preferences;
  EXPECT_TRUE(Call(&Stub::ListFamilyPreferences, {}, preferences).ok());
  EXPECT_EQ(preferences.preferences_size(), 0);
  v1::ListRacesResponse races;
  EXPECT_TRUE(Call(&Stub::ListRaces, {}, races).ok());
  EXPECT_EQ(races.races_size(), 0);
  EXPECT_EQ(races.next_page_token(), "");
}

TEST_F(HistoryRpcTest, ListsRacesPageByPageNewestFirst) {
  for (std::uint64_t number = 5; number > 0; --number) {
    memory().races.push_back(FakeHistory::RaceOf(number, number % 2 == 0 ? "even.org" : "odd.org"));
  }
  v1::ListRacesRequest request;
  request.set_page_size(2);
  request.set_host("odd.org");
  v1::ListRacesResponse page;
  ASSERT_TRUE(Call(&Stub::ListRaces, request, page).ok());
  ASSERT_EQ(page.races_size(), 2);
  EXPECT_EQ(page.races(0).number(), 5U);
  EXPECT_EQ(page.races(1).number(), 3U);
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(Call(&Stub::ListRaces, request, page).ok());
  ASSERT_EQ(page.races_size(), 1);
  EXPECT_EQ(page.races(0).number(), 1U);
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(HistoryRpcTest, APageOfLongTracesFitsAMessage) {
  auto race = *FakeHistory::RaceOf(1, "example.org");
  for (int i = 0; i < 100; ++i) {
    race.trace.steps.push_back({TraceWhat::kSelection, {}, {}, "s", TraceOutcome::kSucceeded, std::string(1000, 'r')});
  }
  for (int i = 0; i < 200; ++i) {
    race.number = static_cast<std::uint64_t>(200 - i);
    memory().races.push_back(std::make_shared<engine::RaceRecord>(race));
  }
  v1::ListRacesRequest request;
  request.set_page_size(1000);
  int seen = 0;
  do {
    v1::ListRacesResponse page;
    const grpc::Status status = Call(&Stub::ListRaces, request, page);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_GT(page.races_size(), 0);
    seen += page.races_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, 200);
}

TEST_F(HistoryRpcTest, WhatNothingIsKnownOfIsNotFound) {
  v1::GetReachabilityRequest request;
  v1::GetReachabilityResponse response;
  request.set_host("unknown.example.org");
  EXPECT_EQ(Call(&Stub::GetReachability, request, response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(HistoryRpcTest, TellsTheTargetsOfAHost) {
  memory().targets.push_back({.path = {{1}, {{*IpAddress::Parse("192.0.2.1"), 5060}, Transport::kTcp}},
                              .verdict = {.reachability = history::Reachability::kReachable},
                              .next_reprobe = kNever,
                              .rtts = {},
                              .timers = {}});
  v1::GetReachabilityRequest request;
  v1::GetReachabilityResponse response;
  request.set_host("EXAMPLE.org");
  request.set_port(5060);
  ASSERT_TRUE(Call(&Stub::GetReachability, request, response).ok());
  ASSERT_EQ(response.targets_size(), 1);
  EXPECT_EQ(response.targets(0).endpoint().address(), "192.0.2.1");
  EXPECT_EQ(std::get<dns::DnsName>(memory().asked()->host).ToString(), "example.org");
  EXPECT_EQ(memory().asked()->port, 5060);
}

TEST_F(HistoryRpcTest, ForgetsWhatItIsToldAndSaysHowMuch) {
  v1::ResetHistoryRequest request;
  request.set_all(true);
  EXPECT_TRUE(Reset(request).ok());
  EXPECT_EQ(reset_.targets(), 7U);
  EXPECT_EQ(reset_.prefixes(), 2U);
  request.set_prefix("2001:db8::/32");
  EXPECT_TRUE(Reset(request).ok());
  request.set_host("Example.org");
  EXPECT_TRUE(Reset(request).ok());
  request.set_host("192.0.2.1");
  EXPECT_TRUE(Reset(request).ok());
  EXPECT_THAT(memory().resets(), ElementsAre("all", "prefix 2001:db8::/32", "host example.org", "host 192.0.2.1"));
}

TEST_F(HistoryRpcTest, ForgetsNothingWhenAskedForNonsense) {
  const auto refused = [this](const v1::ResetHistoryRequest& request) {
    const grpc::Status status = Reset(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return status.error_message();
  };
  v1::ResetHistoryRequest request;
  EXPECT_THAT(refused(request), StartsWith("what: "));
  request.set_all(false);
  EXPECT_THAT(refused(request), StartsWith("all: "));
  request.set_prefix("192.0.2.1");
  EXPECT_THAT(refused(request), StartsWith("prefix: "));
  request.set_host("a b");
  EXPECT_THAT(refused(request), StartsWith("host: "));
  EXPECT_TRUE(memory().resets().empty());
}

TEST_F(HistoryRpcTest, AWatchBeginsWithAnEmptyAnswerThenBringsChanges) {
  memory().latest_event = 7;
  const auto watch = stub_->WatchPreferences(&context_, {});
  v1::WatchPreferencesResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.events_size(), 0);
  EXPECT_EQ(response.latest_sequence(), 7U);
  ASSERT_TRUE(Eventually([] { return memory().watchers() == 1; }));
  memory().Emit(Event(8));
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.events(0).sequence(), 8U);
  EXPECT_EQ(response.events(0).changed().prefix(), "192.0.2.0/24");
  context_.TryCancel();
  EXPECT_TRUE(Eventually([] { return memory().watchers() == 0; }));
}

TEST_F(HistoryRpcTest, AWatchOfOneInterfaceSeesNoOther) {
  v1::WatchPreferencesRequest request;
  request.set_interface("eth1");
  const auto watch = stub_->WatchPreferences(&context_, request);
  v1::WatchPreferencesResponse response;
  ASSERT_TRUE(watch->Read(&response));
  ASSERT_TRUE(Eventually([] { return memory().watchers() == 1; }));
  memory().Emit(Event(1));
  memory().Emit(Event(2, 2));
  memory().Emit({3, {}, engine::PreferencesForgotten{}});
  std::vector<std::uint64_t> seen;
  while (seen.size() < 2 && watch->Read(&response)) {
    for (const auto& event : response.events()) seen.push_back(event.sequence());
  }
  EXPECT_THAT(seen, ElementsAre(2U, 3U));
  context_.TryCancel();
}

TEST_F(HistoryRpcTest, AWatchRefusesWhatItCannotServe) {
  memory().latest_event = 5;
  v1::WatchPreferencesRequest request;
  request.set_after_sequence(6);
  EXPECT_EQ(stub_->WatchPreferences(&context_, request)->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
  request.set_interface("sixteen-letters!");
  grpc::ClientContext context;
  EXPECT_EQ(stub_->WatchPreferences(&context, request)->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(HistoryRpcTest, AWatcherThatDoesNotReadIsEnded) {
  const auto watch = stub_->WatchPreferences(&context_, {});
  v1::WatchPreferencesResponse response;
  ASSERT_TRUE(watch->Read(&response));
  ASSERT_TRUE(Eventually([] { return memory().watchers() == 1; }));
  for (std::uint64_t sequence = 1; sequence <= 100'000; ++sequence) memory().Emit(Event(sequence));
  std::uint64_t seen = 0;
  while (watch->Read(&response)) {
    for (const auto& event : response.events()) ASSERT_EQ(event.sequence(), ++seen) << "without a gap";
  }
  EXPECT_LT(seen, 100'000U);
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace flowbroker::rpc
