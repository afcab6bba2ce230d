#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/history/rtt_estimate.h"

namespace flowbroker::history {

/// How one stage of an attempt on a target ended; every attempt ends exactly once.
struct AttemptOutcome {
  Target target;
  AttemptStage stage;
  std::optional<FailureReason> failure;  ///< absent: the stage succeeded
  std::optional<Duration> rtt;           ///< of the stage, from an unretransmitted exchange; absent when unknown
};

/// What is expected of a target's next attempt.
struct ExpectedRtt {
  RttEstimate estimate;
  bool of_target;  ///< from the target's own samples; false: from its prefix
};

struct HistoryOptions {
  std::size_t max_targets = 100'000;  ///< least recently used out first
  std::size_t max_prefixes = 20'000;  ///< least recently used out first
  int ipv4_prefix_bits = 24;
  int ipv6_prefix_bits = 48;
};

/// What attempts and traffic taught us, for now the round-trip times per target and prefix and stage. Pure; the owner
/// serialises access.
class ReachabilityHistory {
 public:
  explicit ReachabilityHistory(HistoryOptions options);

  void Record(const AttemptOutcome& outcome, TimePoint now);

  /// The target's own estimate where it has samples for the stage, else its prefix's (same transport), else nothing.
  std::optional<ExpectedRtt> Expect(const Target& target, AttemptStage stage) const;

  std::size_t target_count() const;

 private:
  // The implementer decides.
};

}  // namespace flowbroker::history
