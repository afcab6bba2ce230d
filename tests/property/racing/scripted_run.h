#pragma once

#include <vector>

#include "broker/racing/race.h"
#include "tests/property/racing/scenario.h"

namespace flowbroker::racing {

/// One call of Race::On and what the race said afterwards.
struct Turn {
  TimePoint now;
  std::vector<RaceEvent> events;
  std::vector<RaceAction> actions;
  TimePoint deadline;
  std::size_t in_flight;
  bool finished;
};

/// Runs a race in the world of `scenario`, in virtual time. All that happens at one moment goes into one turn. The
/// network goes on telling of attempts that were cancelled, as a real one does when the news are under way already.
std::vector<Turn> RunRace(const Scenario& scenario);

/// What the race is told about a target's stage; the same for all its stages but twice as long for TLS.
std::optional<StageExpectation> ExpectationIn(const Scenario& scenario, const Target& target, AttemptStage stage);

}  // namespace flowbroker::racing
