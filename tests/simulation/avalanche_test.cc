// The avalanche restart (O8; draft-ietf-sip-outbound-02 s.3.3): a proxy with 10^5 flows dies and comes back, in virtual
// time.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <queue>
#include <vector>

#include "broker/outbound/flow_set.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::outbound {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::seconds;

#ifdef FLOWBROKER_SANITIZED
constexpr std::size_t kFlowSets = 10'000;
#else
constexpr std::size_t kFlowSets = 100'000;
#endif

constexpr std::size_t kPrimary = 0;
constexpr std::size_t kBackup = 1;

/// That many user agents with a flow to each of two proxies. A flow to a proxy that is up opens at once, to one that is
/// down never; registrations succeed.
class Population {
 public:
  Population() {
    const FlowSetSpec spec{.instance = sip::InstanceId::Make(random_),
                           .uris = {"sip:primary.example.com", "sip:backup.example.com"}};
    sets_.reserve(kFlowSets);
    for (std::size_t n = 0; n < kFlowSets; ++n) {
      sets_.push_back(FlowSet::Create(spec, {}, random_).value());
      Carry(n, sets_[n].Start(now_));
    }
    Pass(hours(1));
    EXPECT_EQ(WithFlowTo(kPrimary), kFlowSets);
  }

  void Kill(std::size_t proxy) {
    up_[proxy] = false;
    for (std::size_t n = 0; n < kFlowSets; ++n) {
      Carry(n, sets_[n].OnFlowFailed(*sets_[n].members()[proxy].flow, FailureReason::kReset, now_));
    }
  }

  /// Tries per second at `proxy` from now on, until the end of `time`.
  void Observe(std::size_t proxy) {
    observed_ = proxy;
    from_ = now_;
    tries_.assign(1, 0);
  }
  const std::vector<std::size_t>& tries() const { return tries_; }

  void Revive(std::size_t proxy) { up_[proxy] = true; }

  void Pass(Duration time) {
    const TimePoint end = now_ + time;
    while (!deadlines_.empty() && deadlines_.top().first <= end) {
      const auto [deadline, n] = deadlines_.top();
      deadlines_.pop();
      now_ = deadline;
      Carry(n, sets_[n].OnTimer(now_));
    }
    now_ = end;
  }

  std::size_t WithFlowTo(std::size_t proxy) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sets_, [proxy](const FlowSet& set) { return set.members()[proxy].HasFlow(); }));
  }

 private:
  using Deadline = std::pair<TimePoint, std::size_t>;

  void Carry(std::size_t n, FlowSetActions actions) {
    for (std::size_t done = 0; done < actions.size(); ++done) {
      if (const auto* open = std::get_if<OpenFlow>(&actions[done])) {
        const FlowSetActions more = Answer(n, *open);
        actions.insert(actions.end(), more.begin(), more.end());
      } else if (const auto* needs = std::get_if<NeedsRegister>(&actions[done])) {
        sets_[n].OnRegistered(needs->flow);
      }
    }
    if (sets_[n].NextDeadline() != kNever) deadlines_.emplace(sets_[n].NextDeadline(), n);
  }

  FlowSetActions Answer(std::size_t n, const OpenFlow& open) {
    const OpenAttempt attempt = open.attempt;
    const std::size_t proxy = open.reg_id.value - 1;
    if (proxy == observed_) Count();
    if (!up_[proxy]) return sets_[n].OnOpenFailed(attempt, FailureReason::kRefused, now_);
    const auto host = IpAddress::FromIpv4({192, 0, 2, static_cast<std::uint8_t>(proxy)});
    return sets_[n].OnFlowUp(attempt, flow::FlowId::Make(0, random_), host, now_);
  }

  void Count() {
    const auto second = static_cast<std::size_t>(duration_cast<seconds>(now_ - from_).count());
    if (tries_.size() <= second) tries_.resize(second + 1);
    ++tries_[second];
  }

  testing::SeededRandom random_{2005};
  TimePoint now_ = TimePoint{} + hours(1);
  std::vector<FlowSet> sets_;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  std::vector<bool> up_{true, true};
  std::size_t observed_ = SIZE_MAX;
  TimePoint from_{};
  std::vector<std::size_t> tries_;
};

/// Six standard deviations above a rate of independent events: chance does not get there.
double AtMost(double rate) {
  return rate + 6 * std::sqrt(rate);
}

std::size_t Sum(const std::vector<std::size_t>& tries) {
  std::size_t sum = 0;
  for (const std::size_t each : tries) sum += each;
  return sum;
}

TEST(AvalancheTest, O8_WhoHasAnotherFlowComesBackSpreadOver90Seconds) {
  Population users;
  users.Kill(kPrimary);  // all try at once, in vain, and wait for 90 to 180 s
  users.Observe(kPrimary);
  users.Pass(seconds(60));
  users.Revive(kPrimary);
  users.Pass(seconds(121));
  EXPECT_EQ(users.WithFlowTo(kPrimary), kFlowSets) << "nobody is forgotten";
  EXPECT_EQ(Sum(users.tries()), kFlowSets) << "one try each";
  const auto& tries = users.tries();
  EXPECT_EQ(Sum({tries.begin(), tries.begin() + 90}), 0U);
  EXPECT_LE(static_cast<double>(std::ranges::max(tries)), AtMost(kFlowSets / 90.0));
  EXPECT_EQ(users.WithFlowTo(kBackup), kFlowSets);
}

TEST(AvalancheTest, O8_WhoHasNoFlowHurriesAndIsStillSpreadOver30Seconds) {
  Population users;
  users.Kill(kBackup);
  users.Kill(kPrimary);  // 30 to 60 s, as the other flow is down as well
  users.Observe(kPrimary);
  users.Revive(kPrimary);
  users.Pass(seconds(61));
  EXPECT_EQ(users.WithFlowTo(kPrimary), kFlowSets);
  EXPECT_EQ(Sum(users.tries()), kFlowSets);
  EXPECT_LE(static_cast<double>(std::ranges::max(users.tries())), AtMost(kFlowSets / 30.0));
}

// After 1000 s everybody has failed four times at least (60 + 120 + 240 + 480 s), so that the wait in force is 960 s or
// more, half of which is drawn from: the load is 1/480 of all per second at most. Everybody is back after 1800 s.
TEST(AvalancheTest, O8_AfterALongFailureOfBothTheLoadIsSpreadOver480Seconds) {
  Population users;
  users.Kill(kBackup);
  users.Kill(kPrimary);
  users.Pass(seconds(1000));
  users.Observe(kPrimary);
  users.Revive(kPrimary);
  users.Pass(seconds(1800));
  EXPECT_EQ(users.WithFlowTo(kPrimary), kFlowSets);
  EXPECT_EQ(Sum(users.tries()), kFlowSets);
  EXPECT_LE(static_cast<double>(std::ranges::max(users.tries())), AtMost(kFlowSets / 480.0));
}

}  // namespace
}  // namespace flowbroker::outbound
