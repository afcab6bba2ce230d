#include "broker/flow/probe.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace flowbroker::flow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(100)};

TEST(ProbeTest, PingsAStreamAndAsksOnceWithOptionsWhenThePingStaysUnanswered) {
  Probe probe(Transport::kTcp, {});
  EXPECT_EQ(probe.Start(kStart), Probe::Action::kSendPing);
  EXPECT_EQ(probe.NextDeadline(), kStart + milliseconds(500));
  EXPECT_EQ(probe.OnTimer(kStart + milliseconds(499)), std::nullopt);
  EXPECT_EQ(probe.OnTimer(kStart + milliseconds(500)), Probe::Action::kSendOptions);
  EXPECT_EQ(probe.NextDeadline(), kStart + seconds(10));
  EXPECT_EQ(probe.OnTimer(kStart + seconds(10)), Probe::Action::kFail);
}

TEST(ProbeTest, RetransmitsOnUdpByTimerE) {
  Probe probe(Transport::kUdp, {});
  EXPECT_EQ(probe.Start(kStart), Probe::Action::kSendOptions);
  std::vector<TimePoint> sent;
  while (true) {
    const TimePoint due = probe.NextDeadline();
    const auto action = probe.OnTimer(due);
    ASSERT_TRUE(action);
    if (*action == Probe::Action::kFail) break;
    sent.push_back(due);
  }
  EXPECT_EQ(sent, (std::vector<TimePoint>{kStart + milliseconds(500), kStart + milliseconds(1500),
                                          kStart + milliseconds(3500), kStart + milliseconds(7500)}));
}

TEST(ProbeTest, GivesRttOnlyForAnUnambiguousAnswer) {
  Probe probe(Transport::kUdp, {});
  probe.Start(kStart);
  EXPECT_EQ(probe.OnAnswer(kStart + milliseconds(20)), milliseconds(20));
  probe.OnTimer(kStart + milliseconds(500));
  EXPECT_EQ(probe.OnAnswer(kStart + milliseconds(520)), std::nullopt);
}

}  // namespace
}  // namespace flowbroker::flow
