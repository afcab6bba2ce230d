#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/referee.h"
#include "tests/simulation/scripted_shard.h"
#include "tests/simulation/world.h"

namespace flowbroker::simulation {

/// What became of a scenario.
struct Verdict {
  std::vector<std::string> complaints;
  int requests = 0;
  int answered = 0;  ///< with a flow
  int attempts = 0;
  std::optional<Duration> preferred_back_after;  ///< the repair; absent where no host has both families
};

/// A random world, random requests and random breakage, all from one seed; then repair, then silence. What must hold is
/// checked all the time.
class Scenario {
 public:
  explicit Scenario(std::uint64_t seed);

  Verdict Run();

 private:
  struct Pending {
    std::uint64_t request = 0;
    TimePoint deadline;
  };

  static engine::BrokerOptions AnyOptions(Dice& dice);

  void Turmoil();
  void BreakPreferredFamily(const std::string& uri, Duration pause);
  void AwaitPreferredFamily();
  void FallSilent();

  void Turn();
  void AskForFlow();
  std::optional<engine::AcquireResult> RaceNow(const std::string& uri);
  void CancelSomeRequest();
  void ChangePolicy(const location::EgressPolicy& egress);
  location::EgressPolicy AnyPolicy();
  void TouchSomeFlow();
  void OnAnswer(std::uint64_t key, const engine::AcquireRequest& request, const engine::AcquireResult& result);
  void Pass(Duration duration);
  void CheckBooks();

  Dice dice_;
  engine::BrokerOptions options_;
  ScriptedShard shard_;
  World world_;
  Referee referee_;
  const bool moves_;     // from network to network
  const bool policed_;   // the egress policy changes now and then
  const bool tenanted_;  // callers are of several tenants
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_key_ = 0;
  Verdict verdict_;
};

}  // namespace flowbroker::simulation
