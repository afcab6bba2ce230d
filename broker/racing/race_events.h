#pragma once

// What a race is told. The time is given with the call.

#include <compare>
#include <cstdint>
#include <variant>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/racing/candidate_queue.h"

namespace flowbroker::racing {

/// Names one attempt of one race; never reused within a race, so that a late event cannot hit another attempt.
struct AttemptId {
  std::uint32_t value;
  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

/// The locator knows other candidates than before.
struct CandidatesChanged {
  std::vector<Candidate> candidates;  ///< all known so far, in RFC order; those already tried are recognised by target
  bool complete;                      ///< no more will come
  bool better_may_come;               ///< an outstanding DNS answer may bring a better one than the first
};
/// TCP is up and TLS begins.
struct StageEntered {
  AttemptId id;
  AttemptStage stage;
};
/// SIP can be sent: TCP connected, TLS handshake done and certificate accepted, or UDP probe answered. The driver
/// keeps the connection until RaceWon or CancelAttempt says what becomes of it.
struct AttemptSucceeded {
  AttemptId id;
};
/// The attempt is over; the driver has closed it.
struct AttemptFailed {
  AttemptId id;
  FailureReason reason;
};
/// The broker's cap on attempts of all races (not this race's own): while there is no room the race starts nothing,
/// but the time-outs of its attempts go on. There is room until told otherwise. One call of On starts at most one
/// attempt, so "room" means room for one.
struct CapacityChanged {
  bool available;
};
/// Nobody wants the result any more: cancel everything, without RaceWon or RaceLost.
struct Abandoned {};
/// NextDeadline() has come. (Every other event is also a chance to notice that.)
struct TimerFired {};

using RaceEvent = std::variant<CandidatesChanged, StageEntered, AttemptSucceeded, AttemptFailed, CapacityChanged,
                               Abandoned, TimerFired>;

}  // namespace flowbroker::racing
