#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/racing/attempt_delay.h"

namespace flowbroker::racing {

/// Names one attempt of one race; never reused within a race, so that a late event cannot hit another attempt.
struct AttemptId {
  std::uint32_t value;
  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

/// A target that may be tried. Candidates of one `group` (host name) may be reordered among themselves by family
/// alternation; groups keep their order (D3).
struct Candidate {
  Target target;
  std::size_t group;  ///< host rank; candidates of a group are adjacent
};

struct RaceOptions {
  bool parallel = true;  ///< false = `racing: off` (H8): one after another, the next only after a failure
  AttemptDelayOptions delay;
  Duration resolution_delay = std::chrono::milliseconds(50);  ///< RFC 8305 s.3
  Duration min_spacing = std::chrono::milliseconds(10);       ///< no two starts closer, even after a failure
  Duration connect_timeout = std::chrono::seconds(10);        ///< an attempt silent for so long has failed
  Duration tls_timeout = std::chrono::seconds(10);            ///< counted from the TCP connect
  std::size_t max_parallel = 6;                               ///< attempts of one race in flight at once
};

/// Asked when an attempt enters a stage. Must be quick and must not call back into the race.
using ExpectationOf = std::function<std::optional<StageExpectation>(const Target&, AttemptStage)>;

/// What happened. Times are given with the call.
struct CandidatesChanged {
  std::vector<Candidate> candidates;  ///< all known so far, in RFC order; those already tried are recognised by target
  bool complete;                      ///< no more will come
  bool better_may_come;               ///< an outstanding DNS answer may bring a better one than the first
};
struct StageEntered {
  AttemptId id;
  AttemptStage stage;
};  ///< TCP is up and TLS begins
struct AttemptSucceeded {
  AttemptId id;
};  ///< SIP can be sent
struct AttemptFailed {
  AttemptId id;
  FailureReason reason;
};
struct Abandoned {};  ///< nobody wants the result any more: cancel everything
/// A global cap on attempts was hit when this race wanted to start one, and now there is room again (or timer tick).
struct TimerFired {};
using RaceEvent = std::variant<CandidatesChanged, StageEntered, AttemptSucceeded, AttemptFailed, Abandoned, TimerFired>;

/// What to do, in this order.
struct StartAttempt {
  AttemptId id;
  Target target;
};
struct CancelAttempt {
  AttemptId id;
  FailureReason reason;
};  ///< kLostRace, kTimedOut, kTlsTimedOut, kProbeTimedOut, kCancelled
struct RaceWon {
  AttemptId id;
  Target target;
};
struct RaceLost {
  FailureReason reason;
};  ///< of the best-ranked attempt, or kNoRecords without candidates
using RaceAction = std::variant<StartAttempt, CancelAttempt, RaceWon, RaceLost>;

/// One race for one flow (Happy Eyeballs for SIP; H1 H2 H6 H7 H10): which target to try when, who won, what to cancel.
/// A pure machine: events go in with the time, actions come out, the driver keeps one timer armed at NextDeadline().
///
/// Rules (design: racing): attempt 1 at once; attempt n+1 at min(s_n + d, max(f_n, s_n + 10 ms)); the timer never
/// cancels an attempt except at its own time-out; entering TLS re-arms the delay with the TLS estimate; of several
/// completions in one call the best-ranked wins; the others are cancelled; after the end every event is ignored.
/// Families alternate after the first candidate of a group.
class Race {
 public:
  Race(RaceOptions options, ExpectationOf expectation_of);

  /// Takes all events of one turn and says what to do. Events of unknown or finished attempts are ignored.
  std::vector<RaceAction> On(std::span<const RaceEvent> events, TimePoint now);
  std::vector<RaceAction> On(const RaceEvent& event, TimePoint now) { return On({&event, 1}, now); }

  /// When On(TimerFired) is due next; kNever where only an outside event can move the race. Never kNever while
  /// attempts are in flight (each has a time-out).
  TimePoint NextDeadline() const;

  bool finished() const;
  std::size_t in_flight() const;

 private:
  // The implementer decides. CandidateQueue (own header) holds the order and the family alternation.
};

}  // namespace flowbroker::racing
