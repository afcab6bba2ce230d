#pragma once

#include <rapidcheck.h>

#include <iosfwd>
#include <optional>
#include <vector>

#include "broker/racing/race.h"

namespace flowbroker::racing {

/// How one stage of an attempt goes, told in advance.
struct StageScript {
  enum class Ending { kCompletes, kFails, kSilent };
  Ending ending;
  Duration after;  ///< from the beginning of the stage; without meaning where it is silent
};

/// One target of a scripted network.
struct ScriptedTarget {
  Candidate candidate;
  Duration known_at;  ///< when DNS tells of it
  StageScript first;  ///< connect or probe
  StageScript tls;    ///< what follows on TLS
  std::optional<StageExpectation> expectation;
};

/// One race's world, in virtual time from zero.
struct Scenario {
  RaceOptions options;
  std::vector<ScriptedTarget> targets;   ///< in RFC order
  Duration better_may_come_until;        ///< whether a better one comes or not
  std::vector<Duration> capacity_flips;  ///< ascending, even in number: gone, back, gone, back ...
  std::optional<Duration> abandoned_at;
  Duration timer_lateness;  ///< by how much the driver's timer is late
  Duration loop_period;     ///< the driver learns of the network at multiples of it; zero: at once
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario);

/// Any scenario, with many coincidences: most times come from a small set.
rc::Gen<Scenario> AnyScenario();

/// Null where the target is none of the scenario's.
const ScriptedTarget* Find(const Scenario& scenario, const Target& target);

}  // namespace flowbroker::racing
