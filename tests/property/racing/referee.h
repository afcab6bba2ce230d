#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/property/racing/scenario.h"
#include "tests/property/racing/scripted_run.h"

namespace flowbroker::racing {

/// What must hold of every race (design: racing, "What must be provable in simulation").
enum class Rule {
  kOneWinner,        ///< at most one winner, nothing after the end, and the best-ranked of those that completed
  kEndsOnce,         ///< every attempt ends exactly once, and every race ends
  kNotTooEarly,      ///< no start earlier than the pacing rule allows
  kNotTooLate,       ///< whatever may start is started, or its deadline is armed
  kAlwaysADeadline,  ///< a deadline while attempts are in flight or may start, and it lies ahead
  kAlternates,       ///< families alternate within a host, hosts keep their order, no target twice
  kWithinLimits,     ///< never more attempts in flight than allowed, none started without capacity
  kLostForAReason,   ///< lost only when every candidate failed, with the reason of the best-ranked
};

struct Complaint {
  Rule rule;
  std::string what;
};

/// Watches a race turn by turn from outside and computes on its own what the rules demand; knows nothing of how Race
/// works.
class Referee {
 public:
  explicit Referee(const Scenario& scenario) : scenario_(scenario) {}

  void Watch(const Turn& turn);
  void WatchEnd();  ///< after the last turn

  const std::vector<Complaint>& complaints() const { return complaints_; }

 private:
  struct Attempt {
    Target target;
    TimePoint started;
    std::optional<TimePoint> tls_entered = std::nullopt;
    std::optional<TimePoint> failed = std::nullopt;  // by itself or by its time-out
    std::optional<FailureReason> reason = std::nullopt;
    bool completed = false;  // in this turn
    int ends = 0;
  };

  // Keeping the books.
  void See(const CandidatesChanged& event, TimePoint now);
  void See(const StageEntered& event, TimePoint now);
  void See(const AttemptSucceeded& event, TimePoint now);
  void See(const AttemptFailed& event, TimePoint now);
  void See(const CapacityChanged& event, TimePoint now);
  void See(const Abandoned& event, TimePoint now);
  void See(const TimerFired& event, TimePoint now);

  // Judging each action, then the state after the turn.
  void Judge(const StartAttempt& action, TimePoint now);
  void Judge(const CancelAttempt& action, TimePoint now);
  void Judge(const RaceWon& action, TimePoint now);
  void Judge(const RaceLost& action, TimePoint now);
  void JudgeChoice(const Target& target);
  void JudgeStateAfter(const Turn& turn);

  TimePoint EarliestStart() const;
  bool MayStart() const;
  std::size_t InFlight() const;
  bool WasTried(const Target& target) const;
  bool HasUntried() const;
  std::size_t RankOf(const Target& target) const;
  Attempt* Open(AttemptId id);
  void Demand(bool holds, Rule rule, const std::string& otherwise);

  const Scenario& scenario_;
  std::vector<Complaint> complaints_;
  std::vector<Candidate> known_;
  std::vector<Attempt> attempts_;
  TimePoint first_start_ = kNever;  // by the resolution delay
  bool dns_complete_ = false;
  bool capacity_ = true;
  bool over_ = false;
  bool abandoned_ = false;
};

/// All complaints about a race in the world of `scenario`.
std::vector<Complaint> ComplaintsAbout(const Scenario& scenario);

}  // namespace flowbroker::racing
