#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/history/attempt_outcome.h"
#include "broker/history/family_preference.h"
#include "broker/history/lru_table.h"
#include "broker/history/path.h"
#include "broker/history/rtt_estimate.h"
#include "broker/history/verdict.h"

namespace flowbroker::history {

/// What is known of each family as a whole on each network.
class FamilyHistory {};

/// What is expected of a target's next attempt.
struct ExpectedRtt {
  RttEstimate estimate;
  bool of_target;  ///< from the target's own samples; false: from its prefix
  bool trusted;    ///< the target itself answered lately and nothing speaks against it
};

struct HistoryOptions {
  std::size_t max_targets = 100'000;  ///< at least 1; the one recorded least recently is forgotten; ~0.3 KB each
  std::size_t max_prefixes = 20'000;  ///< at least 1; the one recorded least recently is forgotten; ~0.3 KB each
  int ipv4_prefix_bits = 24;          ///< 0 to 32; the longest prefix that is routed on its own in the Internet
  int ipv6_prefix_bits = 48;          ///< 0 to 128; what one site usually gets (RFC 6177)
  /// Evidence loses half its weight in this time: some minutes of failures must not outweigh the present for hours.
  Duration half_life = std::chrono::minutes(10);
  Duration lifetime = std::chrono::hours(1);  ///< without new evidence nothing is known any more after this (S6)
  /// Longest time without a head start for a preferred target (H3: "at least every 10 minutes").
  Duration max_hold = std::chrono::minutes(10);
  Duration first_reprobe = std::chrono::seconds(1);     ///< of a held target in the background; doubles each time ...
  Duration longest_reprobe = std::chrono::seconds(60);  ///< ... up to this; each varies by +-10 %
};

/// What attempts and traffic taught us about targets and their prefixes. Pure; the owner serialises access.
///
/// A *target* is held after its own failure, until it answers or the hold's time is over. A *prefix* is held after
/// silence from two of its addresses, or a network unreachable, with no success between. A *family* is held after three
/// of its prefixes (FamilyHistory). All of it per network; the most specific level that knows something decides.
class ReachabilityHistory {
 public:
  /// `families` is told of prefixes and asked last; it outlives this object and is guarded by the same owner.
  ReachabilityHistory(HistoryOptions options, FamilyHistory& families);

  /// Takes an outcome in. A failure leaves the RTT estimates alone: a silent target has no RTT, not a large one.
  void Record(const AttemptOutcome& outcome, TimePoint now);

  /// Takes in that a race between candidates of both families was won. `candidates` are all of them, tried or not.
  void RecordRace(const Path& winner, std::span<const Path> candidates, TimePoint now);

  /// The server said 503 (D6): the path is avoided until `until`; where that is not after `now`, by the next race only.
  void RecordUnavailable(const Path& path, TimePoint until, TimePoint now);

  /// What is known; changes nothing.
  Verdict Judge(const Path& path, TimePoint now) const;

  /// The same for a race about to start. Where the time of a hold is over this race, and no other for the same time,
  /// is told kUnknown: it gives the path its head start again (H3).
  Verdict JudgeForRace(const Path& path, TimePoint now);

  /// Whether a background attempt on the held `path` is due. If so the next one is due after the next, longer interval,
  /// whatever becomes of this one.
  bool TakeReprobe(const Path& path, TimePoint now, RandomSource& random);
  /// When TakeReprobe says yes; kNever where the path is not held.
  TimePoint NextReprobe(const Path& path, TimePoint now) const;

  /// The target's own estimate where it has samples for the stage, else its prefix's (same transport), else nothing.
  std::optional<ExpectedRtt> Expect(const Path& path, AttemptStage stage, TimePoint now) const;

  /// Every prefix remembered, in no order.
  std::vector<FamilyPreference> Preferences(TimePoint now) const;
  /// The preferences that changed since the last call.
  std::vector<FamilyPreference> TakeChanges(TimePoint now);

  void ForgetAll();
  /// Forgets the targets of `address` on every network. False where there is none.
  bool Forget(const IpAddress& address);
  /// Forgets every target and prefix inside `prefix`/`bits`. False where there is none.
  bool Forget(const IpAddress& prefix, int bits);

  std::size_t target_count() const { return targets_.size(); }
  std::size_t prefix_count() const { return prefixes_.size(); }

 private:
  using StageEstimates = std::array<RttEstimate, 3>;  // by AttemptStage

  PrefixKey PrefixOf(const Path& path) const;

  HistoryOptions options_;
  LruTable<Path, StageEstimates> targets_;
  LruTable<PrefixKey, StageEstimates> prefixes_;
};

}  // namespace flowbroker::history
