// The invariants of one race (design: racing, "What must be provable in simulation"), on random scripted networks in
// virtual time.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

#include "tests/property/racing/referee.h"
#include "tests/property/racing/scenario.h"
#include "tests/property/racing/scripted_run.h"

namespace flowbroker::racing {
namespace {

void Holds(Rule rule) {
  const Scenario scenario = *AnyScenario();
  for (const Complaint& complaint : ComplaintsAbout(scenario)) {
    if (complaint.rule == rule) RC_FAIL(complaint.what);
  }
}

RC_GTEST_PROP(RaceProperty, HasAtMostOneWinnerAndItIsTheBestRanked, ()) {  // S4
  Holds(Rule::kOneWinner);
}
RC_GTEST_PROP(RaceProperty, EveryAttemptEndsExactlyOnceAndEveryRaceEnds, ()) {
  Holds(Rule::kEndsOnce);
}
RC_GTEST_PROP(RaceProperty, StartsNothingEarlierThanTheRuleAllows, ()) {
  Holds(Rule::kNotTooEarly);
}
RC_GTEST_PROP(RaceProperty, StartsNothingLaterThanTheRuleDemands, ()) {
  Holds(Rule::kNotTooLate);
}
RC_GTEST_PROP(RaceProperty, HasADeadlineAheadOrWaitsForOthers, ()) {
  Holds(Rule::kAlwaysADeadline);
}
RC_GTEST_PROP(RaceProperty, AlternatesFamiliesWithinHosts, ()) {
  Holds(Rule::kAlternates);
}
RC_GTEST_PROP(RaceProperty, KeepsWithinItsLimits, ()) {
  Holds(Rule::kWithinLimits);
}
RC_GTEST_PROP(RaceProperty, IsLostOnlyWhenEverythingFailed, ()) {
  Holds(Rule::kLostForAReason);
}

/// Scenarios must reach the corners, else the properties above prove little.
struct Coverage {
  int won = 0, lost = 0, abandoned = 0, parallel = 0, photo_finishes = 0, timed_out = 0, tls = 0, out_of_capacity = 0;

  void Count(const Turn& turn) {
    if (turn.in_flight > 1) ++parallel;
    const auto successes = std::ranges::count_if(
        turn.events, [](const RaceEvent& e) { return std::holds_alternative<AttemptSucceeded>(e); });
    for (const RaceEvent& event : turn.events) {
      if (std::holds_alternative<StageEntered>(event)) ++tls;
      if (std::holds_alternative<Abandoned>(event) && !turn.actions.empty()) ++abandoned;
      if (const auto* capacity = std::get_if<CapacityChanged>(&event); capacity && !capacity->available) {
        ++out_of_capacity;
      }
    }
    for (const RaceAction& action : turn.actions) {
      if (std::holds_alternative<RaceWon>(action)) ++won;
      if (std::holds_alternative<RaceWon>(action) && successes > 1) ++photo_finishes;
      if (std::holds_alternative<RaceLost>(action)) ++lost;
      if (const auto* cancel = std::get_if<CancelAttempt>(&action);
          cancel && cancel->reason == FailureReason::kTimedOut) {
        ++timed_out;
      }
    }
  }
};

TEST(RaceScenarios, ReachTheCorners) {
  Coverage coverage;
  EXPECT_TRUE(rc::check([&] {
    for (const Turn& turn : RunRace(*AnyScenario())) coverage.Count(turn);
  }));
  for (const int count : {coverage.won, coverage.lost, coverage.abandoned, coverage.parallel, coverage.photo_finishes,
                          coverage.timed_out, coverage.tls, coverage.out_of_capacity}) {
    EXPECT_GT(count, 0);
    printf("%d ", count);
  }
}

}  // namespace
}  // namespace flowbroker::racing
