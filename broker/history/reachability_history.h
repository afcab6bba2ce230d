#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/history/attempt_outcome.h"
#include "broker/history/failure_meaning.h"
#include "broker/history/families.h"
#include "broker/history/family_preference.h"
#include "broker/history/history_options.h"
#include "broker/history/history_records.h"
#include "broker/history/lru_table.h"
#include "broker/history/path.h"
#include "broker/history/rtt_estimate.h"
#include "broker/history/verdict.h"

namespace flowbroker::history {

/// What is expected of a target's next attempt.
struct ExpectedRtt {
  RttEstimate estimate;
  bool of_target;  ///< from the target's own samples; false: from its prefix
  bool trusted;    ///< the target itself answered lately and nothing speaks against it
};

/// Holds that a success has ended, ever; by level.
struct Restorations {
  std::uint64_t targets = 0;
  std::uint64_t prefixes = 0;
  std::uint64_t families = 0;
};

/// What attempts and traffic taught us about targets and their prefixes. Pure; the owner serialises access.
///
/// A *target* is held after its own failure, until it answers. A *prefix* is held after silence from two of its
/// addresses, or a network unreachable, with no success between, until one of its targets answers. A *family* is held
/// after three of its prefixes, until anything in it answers (Families). All of it per network, and all of it
/// forgotten a lifetime after the last evidence. The most specific level that knows something decides: a target's own
/// hold or success, else its prefix's hold, else its family's; a success older than the hold above no longer counts.
///
/// How long each failure keeps a path from its head start says FailureMeaning, how holds go on says Hold.
class ReachabilityHistory {
 public:
  /// `families` is told of prefixes and asked last; it outlives this object.
  ReachabilityHistory(HistoryOptions options, Families& families);

  /// Takes an outcome in. A failure leaves the RTT estimates alone: a silent target has no RTT, not a large one.
  void Record(const AttemptOutcome& outcome, TimePoint now);

  /// Takes in that a race was won in which there were candidates of both families. `candidates` are all of them, tried
  /// or not, or those of some prefixes.
  void RecordRace(const Path& winner, std::span<const Path> candidates, TimePoint now);

  /// The server said 503 (D6): the path is avoided until `until`, but for `max_unavailable` at most; where that is not
  /// after `now`, by one request only (TakeUnavailable). The newest statement counts.
  void RecordUnavailable(const Path& path, TimePoint until, TimePoint now);

  /// What is known; changes nothing.
  Verdict Judge(const Path& path, TimePoint now) const;

  /// The same for a race about to start. Where the time of a hold is over this race, and no other for the same time,
  /// is told kUnknown: it gives the path its head start again (H3).
  Verdict JudgeForRace(const Path& path, TimePoint now);
  /// A request has avoided the path because of a 503: one without a time is over with that.
  void TakeUnavailable(const Path& path);

  /// Whether a background attempt on the held `path` is due. If so the next one is due after the next, longer interval,
  /// whatever becomes of this one.
  bool TakeReprobe(const Path& path, TimePoint now, RandomSource& random);
  /// When TakeReprobe says yes; kNever where the path is not held.
  TimePoint NextReprobe(const Path& path, TimePoint now) const;

  /// The target's own estimate where it has samples for the stage, else its prefix's (same transport), else nothing.
  /// Does not ask `families`.
  std::optional<ExpectedRtt> Expect(const Path& path, AttemptStage stage, TimePoint now) const;

  /// Every prefix remembered, in no order.
  std::vector<FamilyPreference> Preferences(TimePoint now) const;
  /// What is known of one of them.
  std::optional<FamilyPreference> FindPreference(const PrefixKey& prefix, TimePoint now) const;
  /// Calls visit(prefix, preferred family, whether it is held) for all of them, which is quicker than to list them.
  using PreferenceVisitor = std::function<void(const PrefixKey&, AddressFamily, bool)>;
  void VisitPreferences(TimePoint now, const PreferenceVisitor& visit) const;
  /// The preferences whose family or reachability changed since they were taken last; each prefix at most once. Looks
  /// through all of them.
  std::vector<FamilyPreference> TakeChanges(TimePoint now);
  /// The same for the prefix of `path` alone.
  std::optional<FamilyPreference> TakeChange(const Path& path, TimePoint now);

  /// Whether anything is remembered of the prefix of `path`.
  bool KnowsPrefixOf(const Path& path) const { return prefixes_.Find(PrefixOf(path)) != nullptr; }
  /// The targets of `address` that are remembered, on every network. Looks through all targets.
  std::vector<Path> PathsOf(const IpAddress& address) const;

  /// Families too, of all who share them.
  void ForgetAll();
  /// Forgets the targets of `address` on every network, and what is known of the prefix it is in as a whole; other
  /// targets of the prefix stay. False where there is nothing of it.
  bool Forget(const IpAddress& address);
  /// Forgets every target and prefix inside `prefix`/`bits`. False where there is none.
  bool Forget(const IpAddress& prefix, int bits);

  /// Everything kept, for a snapshot. Import adds to what is kept, in place of what it knew of the same; prefixes of
  /// another length than the configured one are left out.
  HistoryRecords Export() const;
  void Import(const HistoryRecords& records);

  std::size_t target_count() const { return targets_.size(); }
  std::size_t prefix_count() const { return prefixes_.size(); }
  std::uint64_t evicted_targets() const { return targets_.evicted(); }  ///< forgotten for want of room, ever
  std::uint64_t evicted_prefixes() const { return prefixes_.evicted(); }
  const Restorations& restored() const { return restored_; }

 private:
  /// What decides about a path: a copy of the hold, and its level.
  struct Deciding {
    std::optional<Hold> hold = std::nullopt;
    Level level = Level::kTarget;
  };
  Deciding DecidingHold(const Path& path, TimePoint now) const;
  /// The hold of the path's own target or prefix, which is there; null for the level of families.
  Hold* OwnHold(const Path& path, Level level);

  void RecordSample(const AttemptOutcome& outcome, Duration rtt, TimePoint now);
  void RecordSuccess(const AttemptOutcome& outcome, TimePoint now);
  void RecordFailure(const AttemptOutcome& outcome, FailureMeaning meaning, TimePoint now);
  void SuspectPrefix(const Path& path, const Hold::Cause& cause, FailureMeaning meaning, TimePoint now);

  bool IsLive(const std::optional<Hold>& hold, TimePoint now) const { return hold && !hold->IsOver(now, options_); }
  bool IsRecent(TimePoint at, TimePoint now) const { return at != kNever && now - at < options_.lifetime; }
  bool IsTrusted(const TargetRecord& own, const PrefixRecord* prefix, TimePoint now) const;
  std::optional<Hold> HoldOf(const PrefixKey& key, const PrefixRecord& record, TimePoint now) const;
  Reachability ReachabilityOf(const std::optional<Hold>& hold, const PrefixRecord& record, TimePoint now) const;
  bool OtherPreferred(const std::optional<Hold>& hold, const PrefixRecord& record, TimePoint now) const;
  void UpdatePreference(const std::optional<Hold>& hold, PrefixRecord& record, TimePoint now) const;
  FamilyPreference PreferenceOf(const PrefixKey& key, const PrefixRecord& record, const std::optional<Hold>& hold,
                                TimePoint now) const;
  /// What is new of the prefix since it was told last.
  std::optional<FamilyPreference> TakeNews(const PrefixKey& key, PrefixRecord& record, TimePoint now) const;
  PrefixKey PrefixOf(const Path& path) const;
  IpAddress Masked(const IpAddress& address) const;

  HistoryOptions options_;
  Families& families_;
  LruTable<Path, TargetRecord> targets_;
  LruTable<PrefixKey, PrefixRecord> prefixes_;
  Restorations restored_;
};

}  // namespace flowbroker::history
