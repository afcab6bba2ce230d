#include "broker/flow/datagram_flows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::flow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Due = DatagramFlows::Due;

constexpr TimePoint kStart{std::chrono::hours(5000)};
constexpr std::uint8_t kShard = 3;
constexpr std::uint16_t kListener = 1;

Endpoint Remote(std::uint16_t port, const char* address = "192.0.2.1") {
  return {*IpAddress::Parse(address), port};
}

class DatagramFlowsTest : public ::testing::Test {
 protected:
  explicit DatagramFlowsTest(const DatagramFlowOptions& options = {}) : flows_(kShard, options, random_) {}

  RecordIndex Add(std::uint16_t port, TimePoint now = kStart) {
    return flows_.Add(kListener, Remote(port), now, random_);
  }

  /// Lets time pass in steps and answers, or not, what is asked; ends what is to end. Returns the questions.
  std::vector<TimePoint> Run(TimePoint from, TimePoint to, bool answered) {
    std::vector<TimePoint> asked;
    for (TimePoint now = from; now <= to; now += milliseconds(10)) {
      flows_.TakeDue(now, SIZE_MAX, random_, [&](RecordIndex index, Due due) {
        if (due == Due::kAsk) asked.push_back(now);
        if (due == Due::kAsk && answered) flows_.NoteAnswer(index);
        if (due == Due::kAsk) return;
        ended_.push_back({now, due});
        flows_.Remove(index);
      });
    }
    return asked;
  }

  struct End {
    TimePoint when;
    Due why;
  };

  testing::SeededRandom random_{7};
  DatagramFlows flows_;
  std::vector<End> ended_;
};

TEST_F(DatagramFlowsTest, FindsAFlowByItsAddressesAndByItsId) {  // N1, E5
  for (const char* address : {"192.0.2.1", "2001:db8::1", "::", "0.0.0.0"}) {
    const Endpoint remote = Remote(5060, address);
    EXPECT_EQ(flows_.Find(kListener, remote), kNoRecord);
    const RecordIndex index = flows_.Add(kListener, remote, kStart, random_);
    EXPECT_EQ(flows_.Find(kListener, remote), index);
    EXPECT_EQ(flows_.Find(kListener + 1, remote), kNoRecord);
    EXPECT_EQ(flows_.Find(kListener, Remote(5061, address)), kNoRecord);
    const FlowId id = flows_.IdOf(index);
    EXPECT_EQ(id.shard(), kShard);
    EXPECT_EQ(flows_.Find(id), index);
    EXPECT_EQ(flows_.FactsOf(index).remote, remote);
  }
  EXPECT_EQ(flows_.size(), 4U);
}

TEST_F(DatagramFlowsTest, AnIdNeverComesAgainAndCannotBeMadeUp) {
  std::set<FlowId> ids;
  for (int i = 0; i < 1'000; ++i) {
    const RecordIndex index = Add(5060);
    const FlowId id = flows_.IdOf(index);
    EXPECT_TRUE(ids.insert(id).second);
    flows_.Remove(index);
    EXPECT_EQ(flows_.Find(id), kNoRecord);
  }
  const FlowId id = flows_.IdOf(Add(5060));
  for (std::size_t octet = 0; octet < 16; ++octet) {
    auto octets = id.octets();
    octets[octet] = static_cast<std::uint8_t>(octets[octet] ^ 1U);
    EXPECT_EQ(flows_.Find(FlowId::FromOctets(octets)), kNoRecord) << octet;
  }
}

TEST_F(DatagramFlowsTest, ListsIdsInOrderPageByPage) {
  std::vector<FlowId> all;
  for (std::uint16_t port = 1; port <= 100; ++port) all.push_back(flows_.IdOf(Add(port)));
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{3, 50, 99})
    flows_.Remove(flows_.Find(kListener, Remote(port)));
  std::erase_if(all, [this](const FlowId& id) { return flows_.Find(id) == kNoRecord; });
  std::vector<FlowId> listed;
  for (auto page = flows_.IdsAfter(std::nullopt, 7); !page.empty(); page = flows_.IdsAfter(page.back(), 7)) {
    EXPECT_LE(page.size(), 7U);
    listed.insert(listed.end(), page.begin(), page.end());
  }
  EXPECT_EQ(listed, all);
  EXPECT_TRUE(std::ranges::is_sorted(listed));
  EXPECT_TRUE(flows_.IdsAfter(FlowId::FromOctets({kShard + 1}), 7).empty());
  EXPECT_EQ(flows_.IdsAfter(FlowId::FromOctets({kShard - 1, 0xFF, 0xFF}), 1).front(), all.front());
}

TEST_F(DatagramFlowsTest, WithoutABindingSilenceEndsItAndNobodyAsks) {
  const RecordIndex index = Add(5060);
  EXPECT_TRUE(Run(kStart, kStart + seconds(50), true).empty());
  flows_.NoteHeard(index, kStart + seconds(50));
  EXPECT_TRUE(Run(kStart + seconds(50), kStart + seconds(200), true).empty());
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].why, Due::kIdle);
  EXPECT_GE(ended_[0].when, kStart + seconds(140));
  EXPECT_LE(ended_[0].when, kStart + seconds(140) + milliseconds(20));
  EXPECT_EQ(flows_.size(), 0U);
  EXPECT_EQ(flows_.NextDeadline(), kNever);
}

TEST_F(DatagramFlowsTest, ABoundOneIsAskedEvery24To29SecondsUntilItsBindingEnds) {  // N4, O4
  const RecordIndex index = Add(5060);
  EXPECT_TRUE(flows_.NoteBound(index, kStart + seconds(300)));
  EXPECT_FALSE(flows_.NoteBound(index, kStart + seconds(600)));
  EXPECT_FALSE(flows_.NoteBound(index, kStart + seconds(100)));
  const auto asked = Run(kStart, kStart + seconds(1000), true);
  ASSERT_GE(asked.size(), 20U);
  TimePoint before = kStart;
  for (const TimePoint when : asked) {
    EXPECT_GE(when - before, seconds(24));
    EXPECT_LE(when - before, seconds(29) + milliseconds(20));
    before = when;
  }
  EXPECT_LT(asked.back(), kStart + seconds(600));
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].why, Due::kIdle);
  EXPECT_NEAR(static_cast<double>((ended_[0].when - kStart) / milliseconds(1)), 690'000, 20);
}

TEST_F(DatagramFlowsTest, WhatTheUserAgentSendsPutsTheQuestionOff) {  // N4: STUN and CRLF count
  const RecordIndex index = Add(5060);
  flows_.NoteBound(index, kStart + seconds(3600));
  for (int i = 1; i <= 30; ++i) {
    EXPECT_TRUE(Run(kStart + seconds(20 * (i - 1)), kStart + seconds(20 * i), true).empty());
    flows_.NoteHeard(index, kStart + seconds(20 * i));
  }
  EXPECT_EQ(Run(kStart + seconds(600), kStart + seconds(630), true).size(), 1U);
}

TEST_F(DatagramFlowsTest, ThreeUnansweredQuestionsEndAFlowThatHasEverAnswered) {  // B4
  const RecordIndex index = Add(5060);
  flows_.NoteBound(index, kStart + seconds(3600));
  Run(kStart, kStart + seconds(100), true);
  EXPECT_EQ(Run(kStart + seconds(100), kStart + seconds(250), false).size(), 3U);
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].why, Due::kUnanswered);
}

TEST_F(DatagramFlowsTest, WhoHasNeverAnsweredIsNotHeldToIt) {
  flows_.NoteBound(Add(5060), kStart + seconds(600));
  EXPECT_GE(Run(kStart, kStart + seconds(600), false).size(), 20U);
  EXPECT_TRUE(ended_.empty());
}

TEST_F(DatagramFlowsTest, OneAnswerOrSignOfLifeStartsTheCountAnew) {
  const RecordIndex index = Add(5060);
  flows_.NoteBound(index, kStart + seconds(36'000));
  Run(kStart, kStart + seconds(60), true);
  for (int i = 0; i < 10; ++i) {
    const TimePoint now = kStart + seconds(60 + 70 * i);
    Run(now, now + seconds(70), false);
    i % 2 == 0 ? flows_.NoteHeard(index, now + seconds(70)) : flows_.NoteAnswer(index);
  }
  EXPECT_TRUE(ended_.empty());
}

TEST_F(DatagramFlowsTest, TheLongestSilentWithoutABindingIsTheOneToGo) {
  const RecordIndex first = Add(1), second = Add(2), third = Add(3);
  EXPECT_EQ(flows_.LongestSilent(), first);
  flows_.NoteHeard(first, kStart + seconds(1));
  EXPECT_EQ(flows_.LongestSilent(), second);
  flows_.NoteBound(second, kStart + seconds(20));
  EXPECT_EQ(flows_.LongestSilent(), third);
  flows_.Remove(third);
  EXPECT_EQ(flows_.LongestSilent(), first);
  flows_.NoteBound(first, kStart + seconds(20));
  EXPECT_EQ(flows_.LongestSilent(), kNoRecord);
  Run(kStart, kStart + seconds(60), true);
  EXPECT_NE(flows_.LongestSilent(), kNoRecord) << "their bindings have expired";
}

class SmallDatagramFlowsTest : public DatagramFlowsTest {
 protected:
  SmallDatagramFlowsTest() : DatagramFlowsTest({.max_flows = 10, .keep_alive = KeepAliveMethod::kNone}) {}
};

TEST_F(SmallDatagramFlowsTest, IsFullWithItsNumberAndUsesPlacesAgain) {
  for (std::uint16_t port = 1; port <= 10; ++port) {
    EXPECT_FALSE(flows_.full());
    Add(port);
  }
  EXPECT_TRUE(flows_.full());
  for (std::uint16_t port = 11; port < 10'000; ++port) {
    flows_.Remove(flows_.LongestSilent());
    Add(port);
  }
  EXPECT_EQ(flows_.size(), 10U);
  for (std::uint16_t port = 9'990; port < 10'000; ++port) EXPECT_NE(flows_.Find(kListener, Remote(port)), kNoRecord);
}

TEST_F(SmallDatagramFlowsTest, WhereUserAgentsPingNobodyIsAsked) {
  flows_.NoteBound(Add(5060), kStart + seconds(100));
  EXPECT_TRUE(Run(kStart, kStart + seconds(300), false).empty());
  ASSERT_EQ(ended_.size(), 1U);
  EXPECT_EQ(ended_[0].why, Due::kIdle);
}

}  // namespace
}  // namespace flowbroker::flow
