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

TEST(DnsLookupTest, AsksTheNextServerAfterTroubleAndStopsAtAnAnswer) {
  DnsLookup lookup(kQuestion, 3, 8);
  EXPECT_EQ(ServerOf(lookup.Start({4, 2})), 4U);
  EXPECT_EQ(ServerOf(lookup.OnTrouble(AnswerStatus::kTimedOut)), 2U);
  const auto end = lookup.OnReading({RecordSet{.status = AnswerStatus::kRecords, .ttl = seconds(9)}}, {4, 2});
  EXPECT_EQ(StatusOf(end), AnswerStatus::kRecords);
  EXPECT_EQ(std::get<RecordSet>(end).ttl, seconds(9));
}

TEST(DnsLookupTest, SilenceEverywhereIsRepeatedAsOftenAsConfigured) {
  DnsLookup lookup(kQuestion, 3, 8);
  auto step = lookup.Start({0, 1});
  for (int i = 1; i < 6; ++i) {
    step = lookup.OnTrouble(AnswerStatus::kTimedOut);
    ASSERT_EQ(ServerOf(step), static_cast<std::size_t>(i % 2));
  }
  EXPECT_EQ(StatusOf(lookup.OnTrouble(AnswerStatus::kTimedOut)), AnswerStatus::kTimedOut);
}

TEST(DnsLookupTest, TroubleFromEveryServerIsNotAskedForTwice) {
  DnsLookup lookup(kQuestion, 3, 8);
  lookup.Start({0, 1});
  lookup.OnTrouble(AnswerStatus::kServerFailure);
  EXPECT_EQ(StatusOf(lookup.OnTrouble(AnswerStatus::kServerFailure)), AnswerStatus::kServerFailure);
}

TEST(DnsLookupTest, AsksTheSilentOnesAgainThoughAnotherFailed) {
  DnsLookup lookup(kQuestion, 2, 8);
  lookup.Start({0, 1});
  lookup.OnTrouble(AnswerStatus::kServerFailure);
  EXPECT_EQ(ServerOf(lookup.OnTrouble(AnswerStatus::kTimedOut)), 0U);
}

TEST(DnsLookupTest, AsksForTheAliasAndKeepsTheLowestTtl) {
  DnsLookup lookup(kQuestion, 3, 8);
  lookup.Start({0});
  const auto alias = *dns::DnsName::Parse("b.example");
  const auto step = lookup.OnReading({RecordSet{.status = AnswerStatus::kNoRecords, .ttl = seconds(5)}, alias}, {1});
  EXPECT_EQ(std::get<DnsLookup::AskServer>(step).question.name, alias);
  EXPECT_EQ(ServerOf(step), 1U);
  const auto end = lookup.OnReading({RecordSet{.status = AnswerStatus::kRecords, .ttl = seconds(60)}}, {1});
  EXPECT_EQ(std::get<RecordSet>(end).ttl, seconds(5));
}

TEST(DnsLookupTest, EndlessAliasesEndInServerFailure) {
  DnsLookup lookup(kQuestion, 3, 4);
  auto step = lookup.Start({0});
  int asked = 0;
  while (std::holds_alternative<DnsLookup::AskServer>(step)) {
    ++asked;
    step = lookup.OnReading({RecordSet{.status = AnswerStatus::kNoRecords}, kQuestion.name}, {0});
  }
  EXPECT_EQ(asked, 4);
  EXPECT_EQ(StatusOf(step), AnswerStatus::kServerFailure);
}

}  // namespace
}  // namespace flowbroker::net
