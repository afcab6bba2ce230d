#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/history/lru_table.h"
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
  std::size_t max_targets = 100'000;  ///< at least 1; the one recorded least recently is forgotten; ~0.3 KB each
  std::size_t max_prefixes = 20'000;  ///< at least 1; the one recorded least recently is forgotten; ~0.3 KB each
  int ipv4_prefix_bits = 24;          ///< 0 to 32; the longest prefix that is routed on its own in the Internet
  int ipv6_prefix_bits = 48;          ///< 0 to 128; what one site usually gets (RFC 6177)
};

/// The addresses that share a path with a target: its prefix and, since firewalls look at it, its transport (H4).
struct PrefixKey {
  IpAddress network;  ///< host bits are zero
  Transport transport;
  friend bool operator==(const PrefixKey&, const PrefixKey&) = default;
};

}  // namespace flowbroker::history

template <>
struct std::hash<flowbroker::history::PrefixKey> {
  std::size_t operator()(const flowbroker::history::PrefixKey& key) const noexcept {
    return std::hash<flowbroker::IpAddress>{}(key.network) * 4 + static_cast<std::size_t>(key.transport);
  }
};

namespace flowbroker::history {

/// What attempts and traffic taught us, for now the round-trip times per target and prefix and stage. Pure; the owner
/// serialises access.
class ReachabilityHistory {
 public:
  explicit ReachabilityHistory(HistoryOptions options);

  /// Takes an outcome in. A failure leaves the estimates alone: a silent target has no RTT, not a large one.
  void Record(const AttemptOutcome& outcome, TimePoint now);

  /// The target's own estimate where it has samples for the stage, else its prefix's (same transport), else nothing.
  std::optional<ExpectedRtt> Expect(const Target& target, AttemptStage stage) const;

  /// Targets remembered.
  std::size_t target_count() const { return targets_.size(); }

 private:
  using StageEstimates = std::array<RttEstimate, 3>;  // by AttemptStage

  PrefixKey PrefixOf(const Target& target) const;

  HistoryOptions options_;
  LruTable<Target, StageEstimates> targets_;
  LruTable<PrefixKey, StageEstimates> prefixes_;
};

}  // namespace flowbroker::history
