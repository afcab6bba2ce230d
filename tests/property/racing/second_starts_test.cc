// How often a healthy path makes a race start a second attempt: memory's estimates and the attempt delay together.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "broker/history/family_history.h"
#include "broker/history/reachability_history.h"
#include "broker/racing/attempt_delay.h"

namespace flowbroker::racing {
namespace {

using std::chrono::milliseconds;

/// Round-trip times of a path: the distance, and queues on the way whose length is log-normal. The median queue makes
/// a tenth of the distance, one in twenty 37 % and one in a thousand 118 %.
class JitteryPath {
 public:
  explicit JitteryPath(Duration distance) : distance_(distance) {}

  Duration NextRtt() {
    const double queue = 0.1 * queue_(engine_);
    return distance_ + std::chrono::duration_cast<Duration>(distance_ * queue);
  }

 private:
  Duration distance_;
  std::mt19937_64 engine_{1};
  std::lognormal_distribution<double> queue_{0, 0.8};
};

TEST(SecondStartsTest, AreAboutOneInAHundredOnHealthyPaths) {
  constexpr int kWarmUp = 20;
  constexpr int kRaces = 20'000;
  for (const milliseconds distance : {milliseconds(20), milliseconds(80), milliseconds(150), milliseconds(280)}) {
    history::FamilyHistory families;
    history::ReachabilityHistory history({}, families);
    const history::Path path{{}, {{IpAddress::FromIpv4({192, 0, 2, 1}), 5060}, Transport::kTcp}};
    JitteryPath network(distance);
    TimePoint now{};
    int second_starts = 0;
    for (int race = -kWarmUp; race < kRaces; ++race) {
      now += std::chrono::seconds(1);
      const Duration rtt = network.NextRtt();
      std::optional<StageExpectation> expectation;
      if (const auto known = history.Expect(path, AttemptStage::kTcp, now)) {
        expectation = {known->estimate, known->of_target, known->trusted};
      }
      if (race >= 0 && rtt > AttemptDelay(expectation, {})) ++second_starts;
      history.Record({path, AttemptStage::kTcp, std::nullopt, rtt, rtt}, now);
    }
    const double percent = 100.0 * second_starts / kRaces;
    RecordProperty("percent_at_" + std::to_string(distance.count()) + "_ms", std::to_string(percent));
    EXPECT_LE(percent, 2) << "at " << distance.count() << " ms";
    EXPECT_GT(percent, 0.1) << "at " << distance.count() << " ms: a delay that never ends costs those who need it";
  }
}

}  // namespace
}  // namespace flowbroker::racing
