#include "broker/outbound/flow_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/seeded_random.h"

namespace flowbroker::outbound {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

FlowSetSpec SpecOf(std::size_t uris) {
  FlowSetSpec spec{.instance = sip::InstanceId::Parse("urn:uuid:00000000-0000-1000-8000-000a95a0e128").value(),
                   .uris = {}};
  for (std::size_t n = 1; n <= uris; ++n) spec.uris.push_back("sip:p" + std::to_string(n) + ".example.com");
  return spec;
}

template <typename Action>
std::vector<Action> Only(const FlowSetActions& actions) {
  std::vector<Action> only;
  for (const FlowSetAction& action : actions) {
    if (const auto* wanted = std::get_if<Action>(&action)) only.push_back(*wanted);
  }
  return only;
}

IpAddress Host(int number) {
  return *IpAddress::Parse("192.0.2." + std::to_string(number));
}

class FlowSetTest : public ::testing::Test {
 protected:
  explicit FlowSetTest(std::size_t uris = 2) : set_(FlowSet::Create(SpecOf(uris), {}, random_).value()) {}

  flow::FlowId NewFlow() { return flow::FlowId::Make(0, random_); }
  const FlowSetMember& Member(std::size_t reg_id) const { return set_.members()[reg_id - 1]; }

  /// Answers the try under way for that reg-id with a flow to the host of that number.
  FlowSetActions Up(std::size_t reg_id, int host) {
    return set_.OnFlowUp(*Member(reg_id).attempt, NewFlow(), Host(host), now_);
  }
  FlowSetActions FailToOpen(std::size_t reg_id) {
    return set_.OnOpenFailed(*Member(reg_id).attempt, FailureReason::kTimedOut, now_);
  }
  FlowSetActions Fail(std::size_t reg_id) {
    return set_.OnFlowFailed(*Member(reg_id).flow, FailureReason::kReset, now_);
  }

  void StartAndRegister() {
    set_.Start(now_);
    for (const FlowSetMember& member : set_.members()) {
      Up(member.reg_id.value, static_cast<int>(member.reg_id.value));
      set_.OnRegistered(*member.flow);
    }
  }

  Duration WaitOf(std::size_t reg_id) const { return Member(reg_id).next_attempt - now_; }
  void ExpectWaitOf(std::size_t reg_id, Duration wait) const {
    EXPECT_GE(WaitOf(reg_id), wait / 2);
    EXPECT_LE(WaitOf(reg_id), wait);
  }

  testing::SeededRandom random_{23};
  TimePoint now_ = TimePoint{} + hours(1);
  FlowSet set_;
};

TEST_F(FlowSetTest, O2_OneFlowForEachUriWithRegIdsByPosition) {
  StartAndRegister();
  ASSERT_EQ(set_.members().size(), 2U);
  for (std::size_t n = 0; n < 2; ++n) {
    EXPECT_EQ(set_.members()[n].reg_id.value, n + 1);
    EXPECT_EQ(set_.members()[n].uri, set_.spec().uris[n]);
    EXPECT_EQ(set_.members()[n].state, MemberState::kRegistered);
  }
  EXPECT_EQ(set_.NextDeadline(), kNever);
}

TEST_F(FlowSetTest, O2_TheSameRegIdsAfterEveryRestart) {
  StartAndRegister();
  const FlowSet again = FlowSet::Create(set_.spec(), {}, random_).value();
  for (std::size_t n = 0; n < 2; ++n) {
    EXPECT_EQ(again.members()[n].reg_id, set_.members()[n].reg_id);
    EXPECT_EQ(again.members()[n].uri, set_.members()[n].uri);
  }
}

TEST_F(FlowSetTest, TheFirstTryComesAtOnceTheNextWhenItIsKnownWhereThatWent) {
  const auto first = Only<OpenFlow>(set_.Start(now_));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].uri, "sip:p1.example.com");
  EXPECT_TRUE(first[0].avoid.empty());
  const auto actions = Up(1, 7);
  const auto second = Only<OpenFlow>(actions);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].uri, "sip:p2.example.com");
  EXPECT_EQ(second[0].avoid, std::vector<IpAddress>{Host(7)}) << "another host, if DNS knows one";
}

TEST_F(FlowSetTest, ASilentFirstProxyDelaysTheOthersByTheHeadStartOnly) {
  set_.Start(now_);
  EXPECT_EQ(set_.NextDeadline(), now_ + milliseconds(500));
  now_ = set_.NextDeadline();
  const auto second = Only<OpenFlow>(set_.OnTimer(now_));
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].reg_id, RegId{2});
  EXPECT_EQ(set_.NextDeadline(), kNever);
}

TEST_F(FlowSetTest, AFailedFirstTryLetsTheNextBeginAtOnce) {
  set_.Start(now_);
  EXPECT_EQ(Only<OpenFlow>(FailToOpen(1)).size(), 1U);
}

TEST_F(FlowSetTest, AFlowThatIsUpNeedsARegisterAtOnce) {
  set_.Start(now_);
  const auto needs = Only<NeedsRegister>(Up(1, 1));
  ASSERT_EQ(needs.size(), 1U);
  EXPECT_EQ(needs[0].reg_id, RegId{1});
  EXPECT_EQ(needs[0].flow, Member(1).flow);
  EXPECT_EQ(needs[0].when, now_);
  EXPECT_EQ(needs[0].why, RegisterReason::kFirstFlow);
  EXPECT_EQ(Member(1).state, MemberState::kUp);
}

TEST_F(FlowSetTest, O2_TwoUrisNeverShareAFlow) {
  set_.Start(now_);
  Up(1, 1);
  const flow::FlowId first = *Member(1).flow;
  EXPECT_TRUE(set_.OnFlowUp(*Member(2).attempt, first, Host(1), now_).empty()) << "the first keeps it";
  EXPECT_EQ(Member(1).flow, first);
  EXPECT_FALSE(Member(2).flow);
  EXPECT_EQ(Member(2).last_failure, FailureReason::kAlreadyInUse);
  EXPECT_EQ(Member(2).state, MemberState::kWaiting);
}

TEST_F(FlowSetTest, O7_AFlowThatLastedIsReplacedAtOnce) {
  StartAndRegister();
  now_ += seconds(120);
  const auto opened = Only<OpenFlow>(Fail(1));
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].avoid, std::vector<IpAddress>{Host(2)}) << "where the other flow of the set goes";
  const auto needs = Only<NeedsRegister>(Up(1, 3));
  ASSERT_EQ(needs.size(), 1U);
  EXPECT_EQ(needs[0].why, RegisterReason::kNewFlow);
}

TEST_F(FlowSetTest, O7_ARegisteredFlowThatDidNotLastIsReplacedAtOnceButNotTwiceRunning) {
  StartAndRegister();
  now_ += seconds(119);
  EXPECT_EQ(Only<OpenFlow>(Fail(1)).size(), 1U);
  Up(1, 1);
  set_.OnRegistered(*Member(1).flow);
  EXPECT_TRUE(Fail(1).empty());
  EXPECT_EQ(Member(1).failures, 1U);
  ExpectWaitOf(1, seconds(180));
}

TEST_F(FlowSetTest, O7_AFlowThatFailsBeforeItIsRegisteredCountsAsAFailure) {
  set_.Start(now_);
  Up(1, 1);
  Up(2, 2);
  EXPECT_TRUE(Fail(1).empty());
  ExpectWaitOf(1, seconds(180));
}

TEST_F(FlowSetTest, O7_TheWaitDoublesWithEveryFailureUpTo1800Seconds) {
  StartAndRegister();
  now_ += minutes(5);
  Fail(1);
  for (const seconds wait : {seconds(180), seconds(360), seconds(720), seconds(1440), seconds(1800), seconds(1800)}) {
    EXPECT_TRUE(FailToOpen(1).empty());
    ExpectWaitOf(1, wait);
    EXPECT_EQ(set_.NextDeadline(), Member(1).next_attempt);
    EXPECT_TRUE(set_.OnTimer(Member(1).next_attempt - Duration(1)).empty()) << "not before";
    now_ = Member(1).next_attempt;
    EXPECT_EQ(Only<OpenFlow>(set_.OnTimer(now_)).size(), 1U);
  }
}

TEST_F(FlowSetTest, O7_TheBaseIs30SecondsWhenAllFlowsAreDown) {
  set_.Start(now_);
  FailToOpen(1);
  ExpectWaitOf(1, seconds(60));  // "the first retry happens somewhere between 30 and 60 seconds"
  FailToOpen(2);
  ExpectWaitOf(2, seconds(60));
}

TEST_F(FlowSetTest, O7_ALastingFlowForgetsTheFailuresBefore) {
  StartAndRegister();
  now_ += seconds(1);
  Fail(1);
  FailToOpen(1);
  now_ = Member(1).next_attempt;
  set_.OnTimer(now_);
  FailToOpen(1);
  now_ = Member(1).next_attempt;
  set_.OnTimer(now_);
  Up(1, 1);
  EXPECT_EQ(Member(1).failures, 2U);
  now_ += seconds(120);
  Fail(1);
  FailToOpen(1);
  ExpectWaitOf(1, seconds(180));
}

TEST_F(FlowSetTest, ARetryAfterIsHonouredToTheInstant) {
  StartAndRegister();
  const flow::FlowId flow = *Member(1).flow;
  const auto actions = set_.OnRegisterFailed(flow, seconds(7), now_);
  ASSERT_EQ(Only<CloseFlow>(actions).size(), 1U);
  EXPECT_EQ(Only<CloseFlow>(actions)[0].flow, flow);
  EXPECT_TRUE(Only<OpenFlow>(actions).empty());
  EXPECT_EQ(Member(1).next_attempt, now_ + seconds(7));
  now_ += seconds(7);
  const auto opened = Only<OpenFlow>(set_.OnTimer(now_));
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].avoid, (std::vector<IpAddress>{Host(2), Host(1)})) << "not to the host that refused";
}

TEST_F(FlowSetTest, ARetryAfterOfZeroIsAtOnceButNotTwiceRunning) {
  StartAndRegister();
  EXPECT_EQ(Only<OpenFlow>(set_.OnRegisterFailed(*Member(1).flow, seconds(0), now_)).size(), 1U);
  Up(1, 3);
  EXPECT_TRUE(Only<OpenFlow>(set_.OnRegisterFailed(*Member(1).flow, seconds(0), now_)).empty());
  ExpectWaitOf(1, seconds(360));
}

TEST_F(FlowSetTest, ARetryAfterOfYearsIsCut) {
  StartAndRegister();
  set_.OnRegisterFailed(*Member(1).flow, Duration::max(), now_);
  EXPECT_EQ(Member(1).next_attempt, now_ + hours(24));
}

TEST_F(FlowSetTest, ARefusedRegistrationWithoutRetryAfterWaitsLikeAnyFailure) {
  StartAndRegister();
  set_.OnRegisterFailed(*Member(1).flow, std::nullopt, now_);
  ExpectWaitOf(1, seconds(180));
}

TEST_F(FlowSetTest, LateEventsDoNothing) {
  set_.Start(now_);
  const OpenAttempt attempt = *Member(1).attempt;
  Up(1, 1);
  const flow::FlowId flow = *Member(1).flow;
  EXPECT_TRUE(set_.OnOpenFailed(attempt, FailureReason::kTimedOut, now_).empty());
  EXPECT_EQ(Member(1).flow, flow);
  now_ += minutes(5);
  Fail(1);
  EXPECT_TRUE(set_.OnFlowFailed(flow, FailureReason::kReset, now_).empty());
  EXPECT_TRUE(set_.OnRegisterFailed(flow, std::nullopt, now_).empty());
  set_.OnRegistered(flow);
  EXPECT_EQ(Member(1).state, MemberState::kOpening);
  EXPECT_EQ(Member(1).failures, 0U);
}

TEST_F(FlowSetTest, AFlowThatComesUpAfterStopIsClosed) {
  set_.Start(now_);
  const OpenAttempt attempt = *Member(1).attempt;
  EXPECT_TRUE(set_.Stop().empty());
  const flow::FlowId late = NewFlow();
  const auto actions = set_.OnFlowUp(attempt, late, Host(1), now_);
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_EQ(Only<CloseFlow>(actions)[0].flow, late);
}

TEST_F(FlowSetTest, StopClosesAllFlowsAndWantsNoTimer) {
  StartAndRegister();
  EXPECT_EQ(Only<CloseFlow>(set_.Stop()).size(), 2U);
  EXPECT_EQ(set_.NextDeadline(), kNever);
  for (const FlowSetMember& member : set_.members()) EXPECT_EQ(member.state, MemberState::kStopped);
  EXPECT_EQ(Only<OpenFlow>(set_.Start(now_)).size(), 1U) << "it may be started again";
}

TEST_F(FlowSetTest, StartingTwiceChangesNothing) {
  set_.Start(now_);
  EXPECT_TRUE(set_.Start(now_).empty());
}

class FlowSetOfFourTest : public FlowSetTest {
 protected:
  FlowSetOfFourTest() : FlowSetTest(4) {}
};

TEST_F(FlowSetOfFourTest, O2_FourFlowsEachAvoidingTheHostsOfTheOthers) {
  set_.Start(now_);
  std::size_t avoided = 0;
  for (int n = 1; n <= 3; ++n) {
    const auto opened = Only<OpenFlow>(Up(static_cast<std::size_t>(n), n));
    ASSERT_EQ(opened.size(), 1U);
    avoided = opened[0].avoid.size();
  }
  Up(4, 4);
  EXPECT_EQ(avoided, 3U);
  std::set<std::uint32_t> reg_ids;
  for (const FlowSetMember& member : set_.members()) reg_ids.insert(member.reg_id.value);
  EXPECT_EQ(reg_ids, (std::set<std::uint32_t>{1, 2, 3, 4}));
}

TEST_F(FlowSetOfFourTest, O7_OneFlowThatIsUpIsEnoughForTheLongerBase) {
  StartAndRegister();
  now_ += seconds(10);
  for (std::size_t reg_id = 1; reg_id <= 3; ++reg_id) {
    Fail(reg_id);
    FailToOpen(reg_id);
    ExpectWaitOf(reg_id, seconds(180));
  }
  Fail(4);
  FailToOpen(4);
  ExpectWaitOf(4, seconds(60));
}

}  // namespace
}  // namespace flowbroker::outbound
