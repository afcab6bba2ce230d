#include "broker/net/dns_lookup.h"

#include <gtest/gtest.h>

namespace flowbroker::net {
namespace {

using dns::AnswerStatus;
using dns::RecordSet;
using dns::RecordType;
using std::chrono::seconds;

const dns::Question kQuestion{*dns::DnsName::Parse("a.example"), RecordType::kA};

std::size_t ServerOf(const DnsLookup::Step& step) {
  return std::get<DnsLookup::AskServer>(step).server;
}

AnswerStatus StatusOf(const DnsLookup::Step& step) {
  return std::get<RecordSet>(step).status;
}

int NumberOf(const DnsLookup::Step& step) {
  return std::get<DnsLookup::AskServer>(step).number;
}

bool IsWaiting(const DnsLookup::Step& step) {
  return std::holds_alternative<DnsLookup::KeepWaiting>(step);
}

const DnsReading kRecords{RecordSet{.status = AnswerStatus::kRecords, .ttl = seconds(9)}};
const DnsReading kServfail{RecordSet{.status = AnswerStatus::kServerFailure}};

DnsReading AliasTo(std::string_view name, seconds ttl) {
  return {RecordSet{.status = AnswerStatus::kNoRecords, .ttl = ttl}, dns::DnsName::Parse(name)};
}

TEST(DnsLookupTest, AsksTheNextServerAfterSilenceAndStopsAtAnAnswer) {
  DnsLookup lookup(kQuestion, 3, 8);
  const auto first = lookup.Start({4, 2});
  EXPECT_EQ(ServerOf(first), 4U);
  const auto second = lookup.OnSilence(NumberOf(first));
  EXPECT_EQ(ServerOf(second), 2U);
  const auto end = lookup.OnReading(NumberOf(second), kRecords, {4, 2});
  EXPECT_EQ(StatusOf(end), AnswerStatus::kRecords);
  EXPECT_EQ(std::get<RecordSet>(end).ttl, seconds(9));
}

TEST(DnsLookupTest, LateAnswerCounts) {
  DnsLookup lookup(kQuestion, 3, 8);
  const auto first = lookup.Start({4, 2});
  lookup.OnSilence(NumberOf(first));
  EXPECT_EQ(StatusOf(lookup.OnReading(NumberOf(first), kRecords, {4, 2})), AnswerStatus::kRecords);
}

TEST(DnsLookupTest, LateTroubleDoesNotHurryTheServerAskedSince) {
  DnsLookup lookup(kQuestion, 1, 8);
  const auto first = lookup.Start({4, 2});
  const auto second = lookup.OnSilence(NumberOf(first));
  EXPECT_TRUE(IsWaiting(lookup.OnReading(NumberOf(first), kServfail, {4, 2})));
  EXPECT_TRUE(IsWaiting(lookup.OnSilence(NumberOf(first))));
  EXPECT_EQ(StatusOf(lookup.OnSilence(NumberOf(second))), AnswerStatus::kServerFailure);
}

TEST(DnsLookupTest, SilenceEverywhereIsRepeatedAsOftenAsConfigured) {
  DnsLookup lookup(kQuestion, 3, 8);
  auto step = lookup.Start({0, 1});
  for (int i = 1; i < 6; ++i) {
    step = lookup.OnSilence(NumberOf(step));
    ASSERT_EQ(ServerOf(step), static_cast<std::size_t>(i % 2));
  }
  EXPECT_EQ(StatusOf(lookup.OnSilence(NumberOf(step))), AnswerStatus::kTimedOut);
}

TEST(DnsLookupTest, TroubleFromEveryServerIsNotAskedForTwice) {
  DnsLookup lookup(kQuestion, 3, 8);
  auto step = lookup.Start({0, 1});
  step = lookup.OnTrouble(NumberOf(step), AnswerStatus::kServerFailure);
  EXPECT_EQ(StatusOf(lookup.OnReading(NumberOf(step), kServfail, {})), AnswerStatus::kServerFailure);
}

TEST(DnsLookupTest, AsksTheSilentOnesAgainThoughAnotherFailed) {
  DnsLookup lookup(kQuestion, 2, 8);
  auto step = lookup.Start({0, 1});
  step = lookup.OnTrouble(NumberOf(step), AnswerStatus::kServerFailure);
  EXPECT_EQ(ServerOf(lookup.OnSilence(NumberOf(step))), 0U);
}

TEST(DnsLookupTest, AsksForTheAliasAndKeepsTheLowestTtl) {
  DnsLookup lookup(kQuestion, 3, 8);
  const auto first = lookup.Start({0});
  const auto second = lookup.OnReading(NumberOf(first), AliasTo("b.example", seconds(5)), {1});
  EXPECT_EQ(std::get<DnsLookup::AskServer>(second).question.name.ToString(), "b.example");
  EXPECT_EQ(ServerOf(second), 1U);
  EXPECT_TRUE(IsWaiting(lookup.OnReading(NumberOf(first), kRecords, {1}))) << "an answer about the name before";
  const auto end = lookup.OnReading(NumberOf(second), kRecords, {1});
  EXPECT_EQ(std::get<RecordSet>(end).ttl, seconds(5));
}

TEST(DnsLookupTest, EndlessAliasesEndInServerFailure) {
  DnsLookup lookup(kQuestion, 3, 4);
  auto step = lookup.Start({0});
  int asked = 0;
  while (std::holds_alternative<DnsLookup::AskServer>(step)) {
    ++asked;
    step = lookup.OnReading(NumberOf(step), AliasTo("b.example", seconds(1)), {0});
  }
  EXPECT_EQ(asked, 4);
  EXPECT_EQ(StatusOf(step), AnswerStatus::kServerFailure);
}

}  // namespace
}  // namespace flowbroker::net
