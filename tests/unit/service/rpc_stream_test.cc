#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/rpc/rpc_server.h"
#include "tests/unit/service/fake_broker.h"

namespace flowbroker::rpc {
namespace {

using engine::Eventually;
using engine::FakeBroker;
using testing::HasSubstr;

/// Small queues, so that a slow reader is slow soon.
class RpcStreamTest : public testing::Test {
 protected:
  using Relay = grpc::ClientReaderWriter<v1::RelayRequest, v1::RelayResponse>;
  using Watch = grpc::ClientReader<v1::WatchFlowsResponse>;

  RpcStreamTest() {
    config::ServiceConfig config;
    config.listen = {"127.0.0.1:0"};
    config.grpc_plaintext = true;
    config.relay_queue_messages = 8;
    config.watch_queue_events = 8;
    broker_ = *engine::ConnectionBroker::Create({}, nullptr);
    server_ = *RpcServer::Start(config, *broker_);
    stub_ = v1::FlowService::NewStub(grpc::CreateChannel(server_->addresses(), grpc::InsecureChannelCredentials()));
  }

  ~RpcStreamTest() override { Stop(); }

  void Stop(Duration grace = std::chrono::seconds(5)) {
    if (!server_) return;
    server_->Drain(grace);
    broker_->Stop();
    server_.reset();
  }

  static v1::RelayRequest Frame(std::uint64_t first_tag, int count, std::size_t size = 500) {
    v1::RelayRequest frame;
    for (int i = 0; i < count; ++i) {
      v1::OutgoingMessage& message = *frame.add_messages();
      message.set_flow_id(FakeBroker::KnownFlow().ToString());
      message.set_tag(first_tag + static_cast<std::uint64_t>(i));
      std::string text = std::to_string(message.tag());
      text.resize(size, ' ');
      message.set_message(text);
    }
    return frame;
  }

  /// Reads until `count` messages came; gives the tags written into them.
  static std::vector<std::uint64_t> ReadMessages(Relay& relay, std::size_t count) {
    std::vector<std::uint64_t> tags;
    v1::RelayResponse response;
    while (tags.size() < count && relay.Read(&response)) {
      for (const v1::IncomingMessage& message : response.messages()) tags.push_back(std::stoull(message.message()));
    }
    return tags;
  }

  static void ExpectDraining(const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    google::rpc::Status details;
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(details.ParseFromString(status.error_details()));
    ASSERT_GT(details.details_size(), 0);
    ASSERT_TRUE(details.details(0).UnpackTo(&info));
    EXPECT_EQ(info.reason(), "DRAINING");
  }

  std::unique_ptr<engine::ConnectionBroker> broker_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<v1::FlowService::Stub> stub_;
  grpc::ClientContext context_;
};

TEST_F(RpcStreamTest, RelaysEveryMessageInOrder) {
  const auto relay = stub_->Relay(&context_);
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < 200; ++i) relay->Write(Frame(i * 10, 10));
  });
  const auto tags = ReadMessages(*relay, 2000);
  writer.join();
  ASSERT_EQ(tags.size(), 2000U);
  for (std::size_t i = 0; i < tags.size(); ++i) ASSERT_EQ(tags[i], i);
  relay->WritesDone();
  EXPECT_TRUE(relay->Finish().ok());
  EXPECT_EQ(FakeBroker::Last().relays(), 0U);
}

TEST_F(RpcStreamTest, ASlowReaderHoldsTheBrokerBackAndLosesNothing) {
  const auto relay = stub_->Relay(&context_);
  constexpr std::size_t kSize = 50'000;  // together more than sockets and flow control hold
  for (std::uint64_t i = 0; i < 200; ++i) relay->Write(Frame(i, 1, kSize));
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().held_back() > 0; }));
  const auto tags = ReadMessages(*relay, 200);
  ASSERT_EQ(tags.size(), 200U);
  for (std::size_t i = 0; i < tags.size(); ++i) ASSERT_EQ(tags[i], i);
  relay->WritesDone();
  EXPECT_TRUE(relay->Finish().ok());
}

TEST_F(RpcStreamTest, AMessageForAnUnknownFlowFailsAlone) {
  const auto relay = stub_->Relay(&context_);
  v1::RelayRequest frame = Frame(0, 3);
  frame.mutable_messages(0)->set_flow_id("nonsense");
  frame.mutable_messages(1)->set_flow_id(FakeBroker::MakeFlow(9).ToString());
  relay->Write(frame);
  std::vector<std::uint64_t> failed;
  std::size_t received = 0;
  v1::RelayResponse response;
  while (failed.size() + received < 3 && relay->Read(&response)) {
    for (const v1::SendFailure& failure : response.failures()) {
      EXPECT_EQ(failure.failure(), "unknown_flow");
      failed.push_back(failure.tag());
    }
    received += static_cast<std::size_t>(response.messages_size());
  }
  EXPECT_THAT(failed, testing::UnorderedElementsAre(0U, 1U));
  EXPECT_EQ(received, 1U);
  relay->WritesDone();
  EXPECT_TRUE(relay->Finish().ok());
}

TEST_F(RpcStreamTest, AReaderOfNothingIsNotReadFromForEver) {
  const auto relay = stub_->Relay(&context_);
  v1::RelayRequest frame = Frame(0, 100, 10);
  for (v1::OutgoingMessage& message : *frame.mutable_messages()) message.set_flow_id("nonsense");
  std::thread writer([&] {
    while (relay->Write(frame)) {
    }
  });
  // The writer blocks sooner or later, since refusals are bounded too; ending the call sets it free.
  v1::RelayResponse response;
  EXPECT_TRUE(relay->Read(&response));
  context_.TryCancel();
  writer.join();
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().relays() == 0; }));
}

TEST_F(RpcStreamTest, ACancelledRelayIsDetached) {
  const auto relay = stub_->Relay(&context_);
  relay->Write(Frame(0, 1));
  EXPECT_EQ(ReadMessages(*relay, 1).size(), 1U);
  EXPECT_EQ(FakeBroker::Last().relays(), 1U);
  context_.TryCancel();
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().relays() == 0; }));
}

TEST_F(RpcStreamTest, ATooLongClientGroupEndsTheRelay) {
  const auto relay = stub_->Relay(&context_);
  v1::RelayRequest frame;
  frame.set_client_group(std::string(1000, 'g'));
  relay->Write(frame);
  const grpc::Status status = relay->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("client_group"));
}

TEST_F(RpcStreamTest, ADrainIsAnnouncedToTheStreamsAndEndsTheWatchingOnes) {
  const auto relay = stub_->Relay(&context_);
  relay->Write(Frame(0, 1));
  EXPECT_EQ(ReadMessages(*relay, 1).size(), 1U);
  grpc::ClientContext watch_context;
  const auto watch = stub_->WatchFlows(&watch_context, {});
  v1::WatchFlowsResponse event;
  EXPECT_TRUE(watch->Read(&event));

  server_->BeginDrain(std::chrono::seconds(7));
  ASSERT_TRUE(watch->Read(&event));
  EXPECT_EQ(event.draining().time_left().seconds(), 7);
  EXPECT_FALSE(watch->Read(&event));
  ExpectDraining(watch->Finish());

  v1::RelayResponse answer;
  ASSERT_TRUE(relay->Read(&answer));
  EXPECT_EQ(answer.draining().time_left().seconds(), 7);
  relay->Write(Frame(1, 1));
  EXPECT_THAT(ReadMessages(*relay, 1), testing::ElementsAre(1U)) << "what is under way can be finished";
  relay->WritesDone();
  EXPECT_FALSE(relay->Read(&answer));
  EXPECT_TRUE(relay->Finish().ok());
}

TEST_F(RpcStreamTest, AStreamThatBeginsDuringADrainIsToldOfIt) {
  server_->BeginDrain(std::chrono::seconds(7));
  const auto relay = stub_->Relay(&context_);
  v1::RelayResponse answer;
  ASSERT_TRUE(relay->Read(&answer));
  EXPECT_GT(answer.draining().time_left().seconds(), 0);
  relay->WritesDone();
  EXPECT_FALSE(relay->Read(&answer));
  EXPECT_TRUE(relay->Finish().ok());
}

TEST_F(RpcStreamTest, ADrainWaitsForTheRelayAndNotLonger) {
  const auto relay = stub_->Relay(&context_);
  relay->Write(Frame(0, 1));
  EXPECT_EQ(ReadMessages(*relay, 1).size(), 1U);
  std::thread stopper([this] { Stop(std::chrono::hours(1)); });
  v1::RelayResponse answer;
  ASSERT_TRUE(relay->Read(&answer));
  EXPECT_TRUE(answer.has_draining());
  relay->WritesDone();
  EXPECT_FALSE(relay->Read(&answer));
  EXPECT_TRUE(relay->Finish().ok());
  stopper.join();  // not an hour later
}

TEST_F(RpcStreamTest, ARelayThatStaysIsEndedWhenTheGracePeriodIsOver) {
  const auto relay = stub_->Relay(&context_);
  relay->Write(Frame(0, 1));
  EXPECT_EQ(ReadMessages(*relay, 1).size(), 1U);
  std::thread stopper([this] { Stop(std::chrono::milliseconds(300)); });
  v1::RelayResponse answer;
  while (relay->Read(&answer)) {
  }
  ExpectDraining(relay->Finish());
  stopper.join();
}

TEST_F(RpcStreamTest, AWatchBeginsWithAnEmptyAnswerThenBringsEvents) {
  FakeBroker::Last().latest_event = 7;
  const auto watch = stub_->WatchFlows(&context_, {});
  v1::WatchFlowsResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.events_size(), 0);
  EXPECT_EQ(response.latest_sequence(), 7U);
  ASSERT_TRUE(Eventually([] { return FakeBroker::Last().watchers() == 1; }));
  FakeBroker::Last().Emit(8);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.events(0).sequence(), 8U);
  EXPECT_EQ(response.latest_sequence(), 8U);
  context_.TryCancel();
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().watchers() == 0; }));
}

TEST_F(RpcStreamTest, AWatchSeesOnlyItsGroup) {
  v1::WatchFlowsRequest request;
  request.set_client_group("other");
  const auto watch = stub_->WatchFlows(&context_, request);
  v1::WatchFlowsResponse response;
  ASSERT_TRUE(watch->Read(&response));
  FakeBroker::Last().Emit(1);
  Stop();
  EXPECT_TRUE(watch->Read(&response));
  EXPECT_TRUE(response.has_draining());
  EXPECT_EQ(response.events_size(), 0);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RpcStreamTest, EventsThatAreGoneAreOutOfRange) {
  FakeBroker::Last().latest_event = 100;
  FakeBroker::Last().events_gone = true;
  v1::WatchFlowsRequest request;
  request.set_after_sequence(1);
  EXPECT_EQ(stub_->WatchFlows(&context_, request)->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(RpcStreamTest, EventsOfAnotherProcessAreOutOfRange) {
  FakeBroker::Last().latest_event = 5;
  v1::WatchFlowsRequest request;
  request.set_after_sequence(6);
  EXPECT_EQ(stub_->WatchFlows(&context_, request)->Finish().error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(RpcStreamTest, AWatcherThatDoesNotReadIsEndedAndResumes) {
  const auto watch = stub_->WatchFlows(&context_, {});
  v1::WatchFlowsResponse response;
  ASSERT_TRUE(watch->Read(&response));
  std::uint64_t emitted = 0;
  while (emitted < 100'000) FakeBroker::Last().Emit(++emitted);
  std::uint64_t seen = 0;
  while (watch->Read(&response)) {
    for (const v1::FlowEvent& event : response.events()) ASSERT_EQ(event.sequence(), ++seen) << "without a gap";
    EXPECT_EQ(response.latest_sequence(), seen);
  }
  EXPECT_LT(seen, emitted);
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace flowbroker::rpc
