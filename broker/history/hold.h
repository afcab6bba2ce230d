#pragma once

#include <cstdint>
#include <optional>

#include "broker/base/failure.h"
#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/history/history_options.h"
#include "broker/history/verdict.h"

namespace flowbroker::history {

/// The mark on a target, prefix or family that is held unreachable, or slow. Plain data, so that a snapshot can hold
/// it.
///
/// It ends in one of three ways: a success releases it (its owner drops it); after a lifetime without evidence it is
/// over (S6). Meanwhile two clocks run that no failure moves: when a race gives the path its head start again, and when
/// a background attempt retries it (H3).
struct Hold {
  TimePoint since;         ///< the failure that began it
  TimePoint latest;        ///< newest evidence: a failure, or a success that was too slow
  TimePoint head_start;    ///< the next race at or after this gives the path its head start
  TimePoint next_reprobe;  ///< a background attempt is due
  /// A success that takes longer than this shows a slow path, not a good one: for so long was the path under way in
  /// vain when another overtook it. Duration::max(): any success will do.
  Duration limit;
  FailureReason reason;       ///< of the newest failure
  std::uint8_t reprobes = 0;  ///< background attempts so far, up to 255
  bool slow = false;          ///< it answers, but too late

  /// What began or renews a hold. `took`: how long the attempt had been under way, where that is known.
  struct Cause {
    FailureReason reason;
    std::optional<Duration> took;
  };

  /// `above`: the hold that the path was under already through a more general level, null where there is none. Its two
  /// clocks go on: a background attempt that fails and so puts a mark on the target itself must not postpone the head
  /// start, nor bring the schedule back to one second.
  static Hold Begin(const Cause& cause, const Hold* above, TimePoint now, const HistoryOptions& options);

  /// It failed again.
  void Renew(const Cause& cause, TimePoint now, const HistoryOptions& options);

  /// Whether a success shows a good path. `took`: what it took from the beginning of the attempt, if known.
  bool IsReleasedBy(const std::optional<Duration>& took) const { return !took || *took <= limit; }
  /// It succeeded too late.
  void TurnSlow(TimePoint now);

  bool IsOver(TimePoint now, const HistoryOptions& options) const { return now - latest >= options.lifetime; }
  Reachability reachability() const { return slow ? Reachability::kSlow : Reachability::kUnreachable; }

  /// Whether a race that starts now gives the path its head start. If so no other will for the same time again.
  bool TakeHeadStart(TimePoint now, const HistoryOptions& options);
  /// Whether a background attempt is due. If so the next is due after the next, longer interval.
  bool TakeReprobe(TimePoint now, const HistoryOptions& options, RandomSource& random);
};

/// From the failure, or background attempt number `n` of a hold, to the next: 1, 2, 4 .. 60 s.
Duration ReprobeInterval(std::uint8_t n, const HistoryOptions& options);

}  // namespace flowbroker::history
