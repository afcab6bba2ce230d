#include "broker/engine/shared_resolver.h"

#include <gtest/gtest.h>

#include <chrono>

namespace flowbroker::engine {
namespace {

using location::AnswerOrigin;
using std::chrono::seconds;
using Answer = SharedResolver::Answer;
using Instruction = SharedResolver::Instruction;

class SharedResolverTest : public testing::Test {
 protected:
  static dns::RecordSet Address(const char* text) {
    return {.status = dns::AnswerStatus::kRecords, .ttl = seconds(10), .addresses = {*IpAddress::Parse(text)}};
  }
  const dns::Question question_{*dns::DnsName::Parse("example.org"), dns::RecordType::kA};
  const TimePoint start_{seconds(1000)};
  SharedResolver resolver_{{}};
};

TEST_F(SharedResolverTest, OneQuestionOfATenantIsInFlightWhicheverShardAsks) {
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 0, "", start_)), Instruction::kAsk);
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 0, "", start_)), Instruction::kWait);
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 3, "", start_)), Instruction::kWait);
  const auto ended = resolver_.End(question_, Address("192.0.2.1"), start_);
  EXPECT_EQ(ended.shards, (std::vector<std::uint8_t>{0, 3}));
  EXPECT_EQ(ended.answer.origin, AnswerOrigin::kServer);
}

TEST_F(SharedResolverTest, ATenantDoesNotWaitUntilItIsTheTurnOfAnother) {
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 0, "greedy", start_)), Instruction::kAsk);
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 1, "quiet", start_)), Instruction::kAsk);
  EXPECT_EQ(resolver_.End(question_, Address("192.0.2.1"), start_).shards, (std::vector<std::uint8_t>{0, 1}))
      << "the first answer is for both";
  EXPECT_EQ(resolver_.End(question_, Address("192.0.2.1"), start_).shards, std::vector<std::uint8_t>{});
}

TEST_F(SharedResolverTest, AnswerIsCachedForItsTtl) {
  resolver_.Ask(question_, 0, "", start_);
  resolver_.End(question_, Address("192.0.2.1"), start_);
  const auto cached = resolver_.Ask(question_, 1, "", start_ + seconds(9));
  EXPECT_EQ(std::get<Answer>(cached).origin, AnswerOrigin::kCache);
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 1, "", start_ + seconds(11))), Instruction::kAsk);
}

TEST_F(SharedResolverTest, StaleAnswerStandsInDuringTroubleAndIsRechecked) {
  resolver_.Ask(question_, 0, "", start_);
  resolver_.End(question_, Address("192.0.2.1"), start_);
  const TimePoint later = start_ + seconds(60);
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 0, "", later)), Instruction::kAsk);
  const auto ended = resolver_.End(question_, {.status = dns::AnswerStatus::kTimedOut}, later);
  EXPECT_EQ(ended.answer.origin, AnswerOrigin::kStale);
  EXPECT_EQ(ended.answer.records.addresses.size(), 1U);
  EXPECT_EQ(std::get<Answer>(resolver_.Ask(question_, 0, "", later + seconds(4))).origin, AnswerOrigin::kStale)
      << "no time-out is paid again";
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 0, "", later + seconds(6))), Instruction::kAsk);
}

TEST_F(SharedResolverTest, TroubleWithoutAnOlderAnswerIsTold) {
  resolver_.Ask(question_, 0, "", start_);
  const auto ended = resolver_.End(question_, {.status = dns::AnswerStatus::kServerFailure}, start_);
  EXPECT_EQ(ended.answer.records.status, dns::AnswerStatus::kServerFailure);
  EXPECT_EQ(std::get<Instruction>(resolver_.Ask(question_, 0, "", start_)), Instruction::kAsk) << "and not remembered";
}

TEST_F(SharedResolverTest, NegativeAnswerIsAnAnswerNotTrouble) {
  resolver_.Ask(question_, 0, "", start_);
  resolver_.End(question_, Address("192.0.2.1"), start_);
  resolver_.Ask(question_, 0, "", start_ + seconds(60));
  const dns::RecordSet gone{.status = dns::AnswerStatus::kNoSuchName, .ttl = seconds(30)};
  EXPECT_EQ(resolver_.End(question_, gone, start_ + seconds(60)).answer.records.status, dns::AnswerStatus::kNoSuchName);
}

}  // namespace
}  // namespace flowbroker::engine
