#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/base/time.h"

namespace flowbroker {

/// What a step of an Acquire did.
enum class TraceWhat : std::uint8_t {
  kPool,       ///< looked for an existing flow
  kDnsQuery,   ///< asked one DNS question; subject "SRV _sip._tcp.example.org"
  kSelection,  ///< took a decision without I/O: shortcut, NAPTR choice, SRV order; subject names it
  kOrdering,   ///< put the targets in order; reason lists them with the rule that decided
  kAttempt,    ///< one connection or probe attempt on `target`
  kProbe,      ///< probed an existing flow
  kWait,       ///< waited: for late DNS answers, or for an equal request in flight
};

/// How a step ended.
enum class TraceOutcome : std::uint8_t {
  kPending,    ///< not over when the trace was taken
  kSucceeded,  ///< did what it should
  kWon,        ///< the attempt that won its race
  kLost,       ///< abandoned because another attempt won, or nobody waits any more
  kFailed,     ///< `failure` says why
  kCacheHit,   ///< answered from the cache
  kStale,      ///< answered from an expired cache entry because DNS is down
};

/// One line of the story behind an Acquire. Times are on the broker's time line.
struct TraceStep {
  TraceWhat what;
  TimePoint start;
  TimePoint end;  ///< equals `start` for decisions; undefined while kPending
  std::string subject;
  TraceOutcome outcome;
  std::string reason;                           ///< why it was done or how it came out, for people; may be empty
  std::optional<Target> target = std::nullopt;  ///< attempts only
  std::optional<FailureReason> failure = std::nullopt;  ///< set exactly when kFailed or kLost
};

/// The story of one Acquire in order of start time.
struct Trace {
  TimePoint start;  ///< when the request came in
  std::vector<TraceStep> steps;
};

}  // namespace flowbroker
