#pragma once

// What a race wants done, in the order given. RaceWon or RaceLost, where there is one, is the last.

#include <variant>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/racing/race_events.h"

namespace flowbroker::racing {

/// Begin connecting to `target` (UDP: probing it).
struct StartAttempt {
  AttemptId id;
  Target target;
};
/// Close the attempt and take `reason` as its outcome; events of it that are under way will be ignored.
struct CancelAttempt {
  AttemptId id;
  FailureReason
      reason;  ///< its own time-out: kTimedOut, kTlsTimedOut, kProbeTimedOut; else kOvertaken, kLostRace or kCancelled
};
/// The caller gets the connection of attempt `id`.
struct RaceWon {
  AttemptId id;
  Target target;
};
/// Every candidate was tried in vain.
struct RaceLost {
  FailureReason reason;  ///< of the best-ranked attempt; kNoRecords where there was no candidate
};

using RaceAction = std::variant<StartAttempt, CancelAttempt, RaceWon, RaceLost>;

}  // namespace flowbroker::racing
