#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/racing/attempt_delay.h"
#include "broker/racing/candidate_queue.h"
#include "broker/racing/race_actions.h"
#include "broker/racing/race_events.h"

namespace flowbroker::racing {

/// Every default may be overridden by configuration.
struct RaceOptions {
  bool parallel = true;  ///< false = `racing: off` (H8): one after another, the next only after a failure
  AttemptDelayOptions delay = {};
  Duration resolution_delay = std::chrono::milliseconds(50);  ///< RFC 8305 s.3
  Duration min_spacing = std::chrono::milliseconds(10);       ///< no two starts closer, even after a failure
  Duration connect_timeout = std::chrono::seconds(10);        ///< room for the SYN and its copies after 1, 3 and 7 s
  Duration tls_timeout = std::chrono::seconds(10);            ///< counted from the TCP connect; as long for symmetry
  Duration probe_timeout = std::chrono::seconds(10);          ///< UDP: `OPTIONS` and its copies up to 7.5 s (Timer E)
  std::size_t max_parallel = 6;                               ///< in flight at once, at least 1; 6: three per family
};

/// Asked when an attempt enters a stage; empty: nothing is ever known. Must be quick and must not call back into the
/// race.
using ExpectationOf = std::function<std::optional<StageExpectation>(const Target&, AttemptStage, TimePoint now)>;

/// One race for one flow (Happy Eyeballs for SIP; H1 H2 H6 H7 H10, S4): which target when, who won, what to cancel.
/// A pure machine: events go in with the time, actions come out, the driver keeps one timer armed at NextDeadline().
///
///     Race race(options, expectation_of);
///     CarryOut(race.On(CandidatesChanged{targets, true, false}, now));  // StartAttempt{0, best target}
///     ArmTimer(race.NextDeadline());
///     ...
///     CarryOut(race.On(AttemptSucceeded{id}, now));  // CancelAttempt{others, kOvertaken}, RaceWon{id, target}
///
/// Rules (design: racing): attempt 1 at once; attempt n+1 at min(s_n + d, max(f_n, s_n + 10 ms)), s being the start and
/// f the failure of the one before and d its attempt delay; the timer never cancels an attempt except at its own
/// time-out; entering TLS re-arms the delay with the TLS estimate; of several completions in one call the best-ranked
/// (by place in the list of candidates) wins; the others are cancelled; after the end every event is ignored.
/// Families alternate after the first candidate of a group.
///
/// Every attempt that was started ends exactly once: by AttemptFailed, by CancelAttempt or by RaceWon. Owns nothing
/// outside itself; used by one thread at a time; `now` must never go back.
class Race {
 public:
  Race(RaceOptions options, ExpectationOf expectation_of);

  /// Takes all events of one turn and says what to do. Events of unknown or finished attempts are ignored.
  std::vector<RaceAction> On(std::span<const RaceEvent> events, TimePoint now);
  std::vector<RaceAction> On(const RaceEvent& event, TimePoint now) { return On({&event, 1}, now); }

  /// When On(TimerFired) is due next; kNever where only an outside event can move the race: DNS, capacity, or nothing
  /// after the end. Never kNever while attempts are in flight (each has a time-out).
  TimePoint NextDeadline() const;

  /// Won, lost or abandoned.
  bool finished() const { return phase_ == Phase::kFinished; }

  /// Attempts started and not ended.
  std::size_t in_flight() const;

  /// Whether this race would make use of capacity: a candidate is left to try and CapacityChanged said there is no
  /// room. Once there is room it starts that attempt as soon as its own pacing allows.
  bool awaits_capacity() const;

 private:
  enum class Phase : std::uint8_t {
    kAwaitingFirstStart,  ///< no candidate is known, or the resolution delay runs
    kRunning,             ///< at least one attempt was started, more may follow
    kFinished,            ///< won, lost or abandoned
  };

  enum class AttemptState : std::uint8_t {
    kInFlight,   ///< the driver is at work on it
    kCompleted,  ///< SIP can be sent; exists only inside one call of On
    kEnded,      ///< failed or cancelled, or handed over as the winner
  };

  struct Attempt {
    Target target;
    AttemptState state;
    AttemptStage stage;
    TimePoint started;
    TimePoint times_out;                   ///< end of the present stage
    std::optional<FailureReason> failure;  ///< present once it has failed
  };

  using Actions = std::vector<RaceAction>;

  // Taking note of what happened; nothing is decided here.
  void Note(const CandidatesChanged& event, TimePoint now);
  void Note(const StageEntered& event, TimePoint now);
  void Note(const AttemptSucceeded& event, TimePoint now);
  void Note(const AttemptFailed& event, TimePoint now);
  void Note(const CapacityChanged& event, TimePoint now);
  void Note(const Abandoned& event, TimePoint now);
  void Note(const TimerFired& event, TimePoint now);

  // Deciding what to do about it, in this order.
  void Decide(TimePoint now, Actions& actions);
  void CrownWinner(Actions& actions);
  void ExpireSilentAttempts(TimePoint now, Actions& actions);
  void StartNextIfDue(TimePoint now, Actions& actions);
  void GiveUpIfNothingIsLeft(Actions& actions);

  void Start(const Target& target, TimePoint now, Actions& actions);
  void Fail(Attempt& attempt, FailureReason reason, TimePoint now);
  void CancelRemaining(FailureReason reason, Actions& actions);
  void Cancel(Attempt& attempt, FailureReason reason, Actions& actions);

  bool MayStartAnother() const;
  Duration DelayAfter(const Attempt& attempt, TimePoint now) const;
  Duration StageTimeout(AttemptStage stage) const;
  Attempt* NotEnded(AttemptId id);
  Attempt* InFlight(AttemptId id);
  bool IsLatest(const Attempt& attempt) const { return &attempt == &attempts_.back(); }
  AttemptId IdOf(const Attempt& attempt) const;
  std::size_t RankOf(const Attempt& attempt) const { return queue_.RankOf(attempt.target); }

  RaceOptions options_;
  ExpectationOf expectation_of_;

  Phase phase_ = Phase::kAwaitingFirstStart;
  CandidateQueue queue_;
  std::vector<Attempt> attempts_;  // all ever started, in order; an AttemptId is an index
  TimePoint next_start_ = kNever;  // the pacing rule: no attempt starts before
  bool candidates_complete_ = false;
  bool capacity_available_ = true;
  bool abandoned_ = false;
};

}  // namespace flowbroker::racing
