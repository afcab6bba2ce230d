#include "clients/cpp/relay_stream.h"

#include <gtest/gtest.h>

#include "clients/cpp/flowbroker_client.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

class RelayStreamTest : public ::testing::Test {
 protected:
  std::unique_ptr<RelayStream> Open(RelayOptions options = {}) {
    return client_.OpenRelay(std::move(options),
                             {.on_message = [this](IncomingMessage message) { messages_.Add(std::move(message)); },
                              .on_send_failure = [this](SendFailure failure) { failures_.Add(std::move(failure)); },
                              .on_writable = [this] { writable_.Set(true); },
                              .on_draining = [this](Duration time_left) { draining_.Set(time_left); },
                              .on_closed = [this](Result<void> end) { closed_.Set(std::move(end)); }});
  }

  FakeBroker broker_;
  Client client_{{.address = broker_.address()}};
  Collector<IncomingMessage> messages_;
  Collector<SendFailure> failures_;
  Promise<bool> writable_;
  Promise<Duration> draining_;
  Promise<Result<void>> closed_;
};

TEST_F(RelayStreamTest, FirstFrameNamesTheGroupEvenWithoutAMessage) {
  const auto stream = Open({.client_group = "edge"});
  const auto frames = broker_.frames.WaitFor(1);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].client_group(), "edge");
  EXPECT_EQ(frames[0].messages_size(), 0);
}

TEST_F(RelayStreamTest, MessagesComeBackInOrder) {
  const auto stream = Open();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(stream->Send("flow", "message " + std::to_string(i)));
  const auto messages = messages_.WaitFor(1000);
  ASSERT_EQ(messages.size(), 1000U);
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(messages[i].message, "message " + std::to_string(i));
}

TEST_F(RelayStreamTest, ADrainIsToldAndTheStreamGoesOn) {
  const auto stream = Open();
  ASSERT_TRUE(stream->Send("draining", "x"));
  EXPECT_EQ(draining_.Wait(), std::chrono::seconds(5));
  ASSERT_TRUE(stream->Send("flow", "still"));
  EXPECT_EQ(messages_.WaitFor(1).at(0).message, "still");
}

TEST_F(RelayStreamTest, MessagesThatQueueUpShareAFrame) {
  broker_.hold_relay = true;
  const auto stream = Open({.max_messages_per_frame = 7});
  ASSERT_EQ(broker_.frames.WaitFor(1).size(), 1U);
  // The stream's window lets some frames through, but 64 KiB messages fill it, and the rest queues up.
  const std::string message(65536, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(stream->Send("flow", message));
  broker_.release_relay.Set(true);
  EXPECT_EQ(messages_.WaitFor(100).size(), 100U);
  int largest = 0;
  for (const auto& frame : broker_.frames.WaitFor(1)) largest = std::max(largest, frame.messages_size());
  EXPECT_EQ(largest, 7);
}

TEST_F(RelayStreamTest, FullQueueRefusesAndSaysWhenItHasRoomAgain) {
  broker_.hold_relay = true;
  const auto stream = Open({.max_queued_messages = 4});
  ASSERT_EQ(broker_.frames.WaitFor(1).size(), 1U);
  const std::string message(100'000, 'x');
  Result<void> sent;
  for (int i = 0; i < 1000 && sent; ++i) sent = stream->Send("flow", message);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().failure, kQueueFull);
  EXPECT_EQ(sent.error().code, Code::kResourceExhausted);
  broker_.release_relay.Set(true);
  EXPECT_TRUE(writable_.Wait());
  EXPECT_TRUE(stream->Send("flow", message));
}

TEST_F(RelayStreamTest, QueueIsBoundedInOctetsToo) {
  broker_.hold_relay = true;
  const auto stream = Open({.max_queued_bytes = 200'000});
  ASSERT_EQ(broker_.frames.WaitFor(1).size(), 1U);
  const std::string message(90'000, 'x');
  Result<void> sent;
  for (int i = 0; i < 1000 && sent; ++i) sent = stream->Send("flow", message);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().failure, kQueueFull);
}

TEST_F(RelayStreamTest, SendFailureCarriesTheTagAndNothingElseSuffers) {
  const auto stream = Open();
  ASSERT_TRUE(stream->Send("gone", "lost", 42));
  ASSERT_TRUE(stream->Send("flow", "fine"));
  const auto failures = failures_.WaitFor(1);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].tag, 42U);
  EXPECT_EQ(failures[0].flow_id, "gone");
  EXPECT_EQ(failures[0].failure, "unknown_flow");
  EXPECT_EQ(messages_.WaitFor(1).size(), 1U);
}

TEST_F(RelayStreamTest, CloseWhenSentDeliversEverythingFirst) {
  const auto stream = Open();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(stream->Send("flow", "x"));
  stream->CloseWhenSent();
  EXPECT_EQ(stream->Send("flow", "late").error().failure, kStreamClosed);
  const auto end = closed_.Wait();
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->has_value());
  EXPECT_EQ(messages_.WaitFor(100).size(), 100U);
}

TEST_F(RelayStreamTest, BrokerThatGoesAwayClosesTheStreamWithAnError) {
  const auto stream = Open();
  ASSERT_EQ(broker_.frames.WaitFor(1).size(), 1U);
  broker_.Stop();
  const auto end = closed_.Wait();
  ASSERT_TRUE(end);
  ASSERT_FALSE(end->has_value());
  EXPECT_EQ(end->error().code, Code::kUnavailable);
  EXPECT_EQ(stream->Send("flow", "late").error().failure, kStreamClosed);
}

TEST_F(RelayStreamTest, StreamToNoBrokerClosesAsUnreachable) {
  broker_.Stop();
  const auto stream = Open();
  const auto end = closed_.Wait();
  ASSERT_TRUE(end && !end->has_value());
  EXPECT_EQ(end->error().failure, kBrokerUnreachable);
}

TEST_F(RelayStreamTest, DestructionCancelsTheCall) {
  {
    const auto stream = Open();
  }
  auto stream = Open();
  ASSERT_GE(broker_.frames.WaitFor(1).size(), 1U);
  stream.reset();
  EXPECT_TRUE(broker_.relay_gone.Wait());
}

TEST_F(RelayStreamTest, HandlerMayDestroyItsStream) {
  std::unique_ptr<RelayStream> stream;
  Promise<bool> destroyed;
  Promise<bool> assigned;
  stream = client_.OpenRelay({}, {.on_message = [&](const IncomingMessage&) {
                               assigned.Wait();
                               stream.reset();
                               destroyed.Set(true);
                             }});
  ASSERT_TRUE(stream->Send("flow", "x"));
  assigned.Set(true);
  EXPECT_TRUE(destroyed.Wait());
  EXPECT_TRUE(broker_.relay_gone.Wait());
}

TEST_F(RelayStreamTest, StreamMayOutliveItsClient) {
  auto client = std::make_unique<Client>(ClientOptions{.address = broker_.address()});
  Promise<bool> echoed;
  const auto stream = client->OpenRelay({}, {.on_message = [&](const IncomingMessage&) { echoed.Set(true); }});
  client.reset();
  ASSERT_TRUE(stream->Send("flow", "x"));
  EXPECT_TRUE(echoed.Wait());
}

TEST_F(RelayStreamTest, MessageTooLargeForAFrameIsRefused) {
  const auto stream = Open();
  const auto sent = stream->Send("flow", std::string(std::size_t{2} * 1024 * 1024, 'x'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace flowbroker::client
