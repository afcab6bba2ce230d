#include "service/rpc/relay_outbox.h"

#include <gtest/gtest.h>

#include <string>

namespace flowbroker::rpc {
namespace {

engine::InboundMessage Message(std::size_t size) {
  return {*flow::FlowId::Parse("AAAAAAAAAAAAAAAAAAAAAA"), std::string(size, 'm')};
}

bool Offered(RelayOutbox& outbox, std::size_t size) {
  engine::InboundMessage message = Message(size);
  const bool taken = outbox.Offer(message);
  EXPECT_EQ(message.bytes.size(), taken ? 0U : size) << "a message turned away must be left untouched";
  return taken;
}

v1::RelayResponse Frame(RelayOutbox& outbox) {
  v1::RelayResponse frame;
  outbox.Fill(frame);
  return frame;
}

TEST(RelayOutboxTest, TurnsMessagesAwayBeyondItsCount) {
  RelayOutbox outbox({.messages = 2, .bytes = 1'000'000});
  EXPECT_TRUE(Offered(outbox, 500));
  EXPECT_TRUE(Offered(outbox, 500));
  EXPECT_FALSE(Offered(outbox, 500));
}

TEST(RelayOutboxTest, TurnsMessagesAwayBeyondItsOctets) {
  RelayOutbox outbox({.messages = 100, .bytes = 1000});
  EXPECT_TRUE(Offered(outbox, 600));
  EXPECT_FALSE(Offered(outbox, 600));
  EXPECT_TRUE(Offered(outbox, 400));
}

TEST(RelayOutboxTest, TakesAMessageLargerThanItselfWhenEmpty) {
  RelayOutbox outbox({.messages = 100, .bytes = 1000});
  EXPECT_TRUE(Offered(outbox, 5000));
  EXPECT_FALSE(Offered(outbox, 1));
}

TEST(RelayOutboxTest, PutsWhatWaitsIntoOneFrame) {
  RelayOutbox outbox({.messages = 100, .bytes = 1'000'000});
  for (int i = 0; i < 50; ++i) Offered(outbox, 500);
  EXPECT_EQ(Frame(outbox).messages_size(), 50);
  EXPECT_EQ(outbox.bytes(), 0U);
  v1::RelayResponse nothing;
  EXPECT_FALSE(outbox.Fill(nothing));
}

TEST(RelayOutboxTest, BoundsAFrame) {
  RelayOutbox outbox({.messages = 10'000, .bytes = 100'000'000});
  for (std::size_t i = 0; i < RelayOutbox::kFrameMessages + 10; ++i) Offered(outbox, 1);
  EXPECT_EQ(Frame(outbox).messages_size(), static_cast<int>(RelayOutbox::kFrameMessages));
  EXPECT_EQ(Frame(outbox).messages_size(), 10);
  for (int i = 0; i < 3; ++i) Offered(outbox, RelayOutbox::kFrameBytes);
  EXPECT_EQ(Frame(outbox).messages_size(), 1);
}

TEST(RelayOutboxTest, ResumesOnceHalfTheRoomIsFree) {
  RelayOutbox outbox({.messages = 2 * RelayOutbox::kFrameMessages, .bytes = 100'000'000});
  while (Offered(outbox, 1)) {
  }
  EXPECT_FALSE(outbox.TakeResume());
  Frame(outbox);
  EXPECT_TRUE(outbox.TakeResume());
  EXPECT_FALSE(outbox.TakeResume()) << "once is enough";
}

TEST(RelayOutboxTest, HasNothingToResumeWhereNothingWasTurnedAway) {
  RelayOutbox outbox({.messages = 2, .bytes = 100});
  Offered(outbox, 1);
  Frame(outbox);
  EXPECT_FALSE(outbox.TakeResume());
}

TEST(RelayOutboxTest, ReportsRefusalsWithTagAndReason) {
  RelayOutbox outbox({.messages = 2, .bytes = 100});
  outbox.AddFailure("flow", 7, {FailureReason::kUnknownFlow, ""});
  const v1::RelayResponse frame = Frame(outbox);
  ASSERT_EQ(frame.failures_size(), 1);
  EXPECT_EQ(frame.failures(0).tag(), 7U);
  EXPECT_EQ(frame.failures(0).failure(), "unknown_flow");
  EXPECT_FALSE(frame.failures(0).detail().empty());
}

TEST(RelayOutboxTest, SaysWhenTooManyRefusalsWait) {
  RelayOutbox outbox({.messages = 2, .bytes = 100});
  for (std::size_t i = 0; i < RelayOutbox::kMaxFailures; ++i) {
    outbox.AddFailure("flow", i, {FailureReason::kUnknownFlow, ""});
  }
  EXPECT_FALSE(outbox.TooManyFailures());
  outbox.AddFailure("flow", 0, {FailureReason::kUnknownFlow, ""});
  EXPECT_TRUE(outbox.TooManyFailures());
  Frame(outbox);
  EXPECT_FALSE(outbox.TooManyFailures());
}

}  // namespace
}  // namespace flowbroker::rpc
