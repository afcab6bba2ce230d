#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {

/// How the network behaves over a whole run, known in advance: the same for every policy that is sent through it, and
/// what the oracle knows.
class Weather {
 public:
  void Set(TimePoint from, const Target& target, const TargetScript& script) { scripts_[target][from] = script; }
  void AddHost(const std::string& name, const std::vector<Target>& targets);

  /// Makes it the network of `shard`.
  void BlowOver(ScriptedShard& shard) const;

  /// What an attempt on the host takes that begins at `when` on the target which then answers soonest, nothing lost and
  /// jitter at its median; nothing where none answers.
  std::optional<Duration> BestAt(const std::string& host, TimePoint when) const;

  const std::vector<std::string>& hosts() const { return hosts_; }

 private:
  std::map<Target, std::map<TimePoint, TargetScript>> scripts_;
  std::map<std::string, std::vector<Target>> targets_;
  std::vector<std::string> hosts_;
};

/// A kind of weather, by name.
struct Climate {
  const char* name;
  Transport transport;
  /// Makes the weather from `begin` to `end`.
  void (*make)(Weather& weather, Dice& dice, TimePoint begin, TimePoint end);
};

/// All kinds that the report is about.
const std::vector<Climate>& Climates();

}  // namespace flowbroker::simulation
