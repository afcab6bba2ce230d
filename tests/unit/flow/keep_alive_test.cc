#include "broker/flow/keep_alive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::flow {
namespace {

using Action = KeepAlive::Action;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};

class KeepAliveTest : public ::testing::Test {
 protected:
  KeepAlive Started(KeepAliveMethod method, Transport transport, std::optional<Duration> flow_timer = std::nullopt) {
    KeepAlive keep_alive;
    keep_alive.Start(method, transport, flow_timer, options_, kStart, random_);
    return keep_alive;
  }
  /// One that has asked its first question, of a peer that was heard last at the start.
  KeepAlive Asking(KeepAliveMethod method, Transport transport, bool answers_pings) {
    KeepAlive keep_alive = Started(method, transport);
    now_ = keep_alive.due();
    EXPECT_EQ(keep_alive.OnDue(kStart, options_, now_, random_), Action::kAsk);
    if (answers_pings) {
      keep_alive.OnAnswer(method, now_, random_);
      now_ = keep_alive.due();
      EXPECT_EQ(keep_alive.OnDue(kStart, options_, now_, random_), Action::kAsk);
    }
    EXPECT_TRUE(keep_alive.waiting());
    return keep_alive;
  }

  KeepAliveOptions options_;
  testing::SeededRandom random_{1};
  TimePoint now_ = kStart;
};

TEST_F(KeepAliveTest, AsksWithinTheIntervalOfTheTransport) {  // O4
  Duration shortest = seconds(1000);
  Duration longest{};
  for (int i = 0; i < 1000; ++i) {
    const Duration udp = Started(KeepAliveMethod::kStun, Transport::kUdp).due() - kStart;
    EXPECT_GE(udp, seconds(24));
    EXPECT_LE(udp, seconds(29));
    const Duration tls = Started(KeepAliveMethod::kCrlf, Transport::kTls).due() - kStart;
    shortest = std::min(shortest, tls);
    longest = std::max(longest, tls);
  }
  EXPECT_GE(shortest, seconds(95));
  EXPECT_LT(shortest, seconds(96));
  EXPECT_LE(longest, seconds(120));
  EXPECT_GT(longest, seconds(119));
}

TEST_F(KeepAliveTest, AFlowTimerOfTheServerIsObeyed) {  // O4, RFC 5626 s.4.4
  for (int i = 0; i < 1000; ++i) {
    const Duration due = Started(KeepAliveMethod::kCrlf, Transport::kTcp, seconds(50)).due() - kStart;
    EXPECT_GE(due, seconds(40));
    EXPECT_LE(due, seconds(50));
  }
}

TEST_F(KeepAliveTest, WithoutAMethodNothingIsEverDue) {
  EXPECT_EQ(KeepAlive().due(), kNever);
  KeepAlive none = Started(KeepAliveMethod::kNone, Transport::kTcp);
  none.OnAnswer(KeepAliveMethod::kNone, kStart, random_);
  EXPECT_EQ(none.due(), kNever);
}

TEST_F(KeepAliveTest, TrafficPutsTheQuestionOff) {
  KeepAlive keep_alive = Started(KeepAliveMethod::kCrlf, Transport::kTcp);
  const Duration interval = keep_alive.due() - kStart;
  const TimePoint heard = kStart + seconds(60);
  EXPECT_EQ(keep_alive.OnDue(heard, options_, keep_alive.due(), random_), Action::kWait);
  EXPECT_EQ(keep_alive.due(), heard + interval);
}

TEST_F(KeepAliveTest, SilenceAfterAPingEndsAFlowWhosePeerHasAnsweredBefore) {  // O6
  KeepAlive keep_alive = Asking(KeepAliveMethod::kCrlf, Transport::kTcp, /*answers_pings=*/true);
  EXPECT_EQ(keep_alive.due(), now_ + seconds(10));
  EXPECT_EQ(keep_alive.OnDue(kStart, options_, now_ + seconds(9), random_), Action::kWait);
  EXPECT_EQ(keep_alive.OnDue(kStart, options_, now_ + seconds(10), random_), Action::kFail);
}

TEST_F(KeepAliveTest, APeerThatNeverAnswersPingsKeepsItsFlow) {
  KeepAlive keep_alive = Asking(KeepAliveMethod::kCrlf, Transport::kTcp, /*answers_pings=*/false);
  EXPECT_EQ(keep_alive.OnDue(kStart, options_, now_ + seconds(10), random_), Action::kWait);
  EXPECT_GT(keep_alive.due(), now_ + seconds(100));
}

TEST_F(KeepAliveTest, AnswersToOtherQuestionsPromiseNothing) {
  KeepAlive keep_alive = Started(KeepAliveMethod::kCrlf, Transport::kTcp);
  keep_alive.OnAnswer(KeepAliveMethod::kCrlf, kStart, random_);  // nobody asked
  now_ = keep_alive.due();
  ASSERT_EQ(keep_alive.OnDue(kStart, options_, now_, random_), Action::kAsk);
  keep_alive.OnAnswer(KeepAliveMethod::kOptions, now_, random_);  // a probe's
  EXPECT_FALSE(keep_alive.has_answered());
  EXPECT_EQ(keep_alive.OnDue(kStart, options_, now_ + seconds(10), random_), Action::kWait);
}

TEST_F(KeepAliveTest, AnotherMethodBeginsWithoutPromises) {
  KeepAlive keep_alive = Asking(KeepAliveMethod::kStun, Transport::kUdp, /*answers_pings=*/true);
  keep_alive.Start(KeepAliveMethod::kOptions, Transport::kUdp, std::nullopt, options_, now_, random_);
  EXPECT_FALSE(keep_alive.has_answered());
}

TEST_F(KeepAliveTest, AnAnswerCanBeRequiredOfEveryone) {
  options_.answer_required = true;
  KeepAlive keep_alive = Asking(KeepAliveMethod::kCrlf, Transport::kTcp, /*answers_pings=*/false);
  EXPECT_EQ(keep_alive.OnDue(kStart, options_, now_ + seconds(10), random_), Action::kFail);
}

TEST_F(KeepAliveTest, AnyTrafficAnswersAQuestionThatWaits) {
  KeepAlive keep_alive = Asking(KeepAliveMethod::kCrlf, Transport::kTcp, /*answers_pings=*/true);
  EXPECT_EQ(keep_alive.OnDue(/*last_heard=*/now_ + seconds(3), options_, now_ + seconds(10), random_), Action::kWait);
  EXPECT_FALSE(keep_alive.waiting());
  EXPECT_GE(keep_alive.due(), now_ + seconds(3 + 95));
}

TEST_F(KeepAliveTest, APongPlansTheNextQuestion) {
  KeepAlive keep_alive = Asking(KeepAliveMethod::kCrlf, Transport::kTcp, /*answers_pings=*/false);
  keep_alive.OnAnswer(KeepAliveMethod::kCrlf, now_ + milliseconds(20), random_);
  EXPECT_TRUE(keep_alive.has_answered());
  EXPECT_FALSE(keep_alive.waiting());
  EXPECT_GE(keep_alive.due(), now_ + milliseconds(20) + seconds(95));
}

TEST_F(KeepAliveTest, StunIsSentAgainUntilTheLimit) {  // RFC 5389 s.7.2.1
  KeepAlive keep_alive = Asking(KeepAliveMethod::kStun, Transport::kUdp, /*answers_pings=*/true);
  std::vector<Duration> sent{Duration::zero()};
  TimePoint now = now_;
  Action action = Action::kAskAgain;
  while (action == Action::kAskAgain) {
    now = keep_alive.due();
    action = keep_alive.OnDue(kStart, options_, now, random_);
    if (action == Action::kAskAgain) sent.push_back(now - now_);
  }
  EXPECT_EQ(action, Action::kFail);
  EXPECT_EQ(now, now_ + seconds(10));
  EXPECT_EQ(sent, (std::vector<Duration>{milliseconds(0), milliseconds(500), milliseconds(1500), milliseconds(3500),
                                         milliseconds(7500)}));
}

TEST_F(KeepAliveTest, OptionsLeaveTheirEndToTheProbe) {
  KeepAlive keep_alive = Started(KeepAliveMethod::kOptions, Transport::kUdp);
  const TimePoint asked = keep_alive.due();
  EXPECT_EQ(keep_alive.OnDue(kStart, options_, asked, random_), Action::kAsk);
  EXPECT_FALSE(keep_alive.waiting());
  EXPECT_GE(keep_alive.due(), asked + seconds(24));
}

}  // namespace
}  // namespace flowbroker::flow
