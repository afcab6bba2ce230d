#include "broker/history/reachability_history.h"

#include <algorithm>

#include "broker/base/ip_prefix.h"

namespace flowbroker::history {
namespace {

FamilyKey FamilyOf(const Path& path) {
  return {path.network, path.target.family()};
}

/// The least that is known of how long an attempt on the path takes: one round trip where only that was measured.
std::optional<Duration> TimeTaken(const AttemptOutcome& outcome) {
  return outcome.took ? outcome.took : outcome.rtt;
}

/// Before anything is known either way.
constexpr double kNoIdea = 0.5;

/// A target that answered once, with nothing against it or its prefix, has 0.875; it loses that trust after some
/// minutes of quiet, one that answered often after half an hour.
constexpr double kTrusted = 0.8;

}  // namespace

ReachabilityHistory::ReachabilityHistory(HistoryOptions options, Families& families)
    : options_(options), families_(families), targets_(options.max_targets), prefixes_(options.max_prefixes) {}

// ---- Taking in ----

void ReachabilityHistory::Record(const AttemptOutcome& outcome, TimePoint now) {
  if (outcome.failure) {
    const FailureMeaning meaning = MeaningOf(*outcome.failure);
    if (meaning == FailureMeaning::kNothing) return;
    RecordFailure(outcome, meaning, now);
  } else {
    if (outcome.rtt) RecordSample(outcome, *outcome.rtt, now);
    if (ProvesPath(outcome)) RecordSuccess(outcome, now);
  }
  const PrefixKey key = PrefixOf(outcome.path);
  if (PrefixRecord* prefix = prefixes_.Find(key)) UpdatePreference(HoldOf(key, *prefix, now), *prefix, now);
}

void ReachabilityHistory::RecordSample(const AttemptOutcome& outcome, Duration rtt, TimePoint now) {
  const auto add = [&](StageRecord& stage) {
    if (!IsRecent(stage.at, now)) stage.estimate = {};
    stage.estimate.AddSample(rtt);
    stage.at = now;
  };
  add(targets_.Use(outcome.path).stages[IndexOf(outcome.stage)]);
  add(prefixes_.Use(PrefixOf(outcome.path)).stages[IndexOf(outcome.stage)]);
}

void ReachabilityHistory::RecordSuccess(const AttemptOutcome& outcome, TimePoint now) {
  const auto took = TimeTaken(outcome);
  TargetRecord& target = targets_.Use(outcome.path);
  PrefixRecord& prefix = prefixes_.Use(PrefixOf(outcome.path));
  const bool too_slow = IsLive(target.hold, now) && !target.hold->IsReleasedBy(took);

  const auto release_or_turn_slow = [&](std::optional<Hold>& hold, std::uint64_t& restored) {
    const bool was_held = IsLive(hold, now);
    if (was_held && !hold->IsReleasedBy(took)) return hold->TurnSlow(now);
    hold.reset();
    if (was_held) ++restored;
  };
  release_or_turn_slow(target.hold, restored_.targets);
  release_or_turn_slow(prefix.hold, restored_.prefixes);
  if (families_.RecordSuccess(FamilyOf(outcome.path), now)) ++restored_.families;
  prefix.evidence.Add(true, now, options_);
  prefix.last_success = now;
  if (!too_slow) {  // addresses that always answer too late do go on to speak against their prefix
    prefix.suspect.reset();
    prefix.lost_race = kNever;
  }
  if (outcome.failure) return;  // a path that works to a server whose certificate is no good
  target.evidence.Add(true, now, options_);
  target.last_success = now;
}

void ReachabilityHistory::RecordFailure(const AttemptOutcome& outcome, FailureMeaning meaning, TimePoint now) {
  TargetRecord& target = targets_.Use(outcome.path);
  target.last_failure = now;
  target.last_reason = *outcome.failure;
  if (meaning == FailureMeaning::kPathWorks) return RecordSuccess(outcome, now);

  target.evidence.Add(false, now, options_);
  const Hold::Cause cause{.reason = *outcome.failure, .took = outcome.took};
  if (IsLive(target.hold, now)) {
    target.hold->Renew(cause, now, options_);
  } else {
    const auto above = DecidingHold(outcome.path, now).hold;
    target.hold = Hold::Begin(cause, above ? &*above : nullptr, now, options_);
  }
  if (SuspectsPrefix(meaning)) SuspectPrefix(outcome.path, cause, meaning, now);
}

void ReachabilityHistory::SuspectPrefix(const Path& path, const Hold::Cause& cause, FailureMeaning meaning,
                                        TimePoint now) {
  const PrefixKey key = PrefixOf(path);
  const FamilyKey family = FamilyOf(path);
  PrefixRecord& prefix = prefixes_.Use(key);
  prefix.evidence.Add(false, now, options_);
  families_.RecordFailure(family, now);

  // Longer ago than a hold lasts it is no longer the same trouble.
  const auto& suspect = prefix.suspect;
  const bool second =
      suspect && suspect->address != path.target.endpoint.address && now - suspect->at < options_.max_hold;
  prefix.suspect = {path.target.endpoint.address, now};
  if (IsLive(prefix.hold, now)) {
    prefix.hold->Renew(cause, now, options_);
  } else if (second || meaning == FailureMeaning::kPrefixUnreachable) {
    const auto above = families_.HoldOf(family, now);
    prefix.hold = Hold::Begin(cause, above ? &*above : nullptr, now, options_);
  } else {
    return;
  }
  families_.RecordHeld(family, key.prefix, cause, now);
}

void ReachabilityHistory::RecordRace(const Path& winner, std::span<const Path> candidates, TimePoint now) {
  std::vector<PrefixKey> counted;
  for (const Path& candidate : candidates) {
    const PrefixKey key = PrefixOf(candidate);
    if (std::ranges::find(counted, key) != counted.end()) continue;
    counted.push_back(key);
    PrefixRecord& prefix = prefixes_.Use(key);
    const bool won = candidate.target.family() == winner.target.family();
    prefix.races.Add(won, now, options_);
    ++(won ? prefix.wins : prefix.losses);
    prefix.lost_race = won ? kNever : now;
    UpdatePreference(HoldOf(key, prefix, now), prefix, now);
  }
}

void ReachabilityHistory::RecordUnavailable(const Path& path, TimePoint until, TimePoint now) {
  TargetRecord& target = targets_.Use(path);
  const bool timed = !target.unavailable_once && target.unavailable_until != kNever && now < target.unavailable_until;
  if (until > now) {
    target.unavailable_until = std::min(until, now + options_.max_unavailable);  // the newest statement counts
    target.unavailable_once = false;
  } else if (!timed) {
    target.unavailable_until = now + options_.lifetime;
    target.unavailable_once = true;
  }
}

// ---- Judging ----

ReachabilityHistory::Deciding ReachabilityHistory::DecidingHold(const Path& path, TimePoint now) const {
  const TargetRecord* target = targets_.Find(path);
  if (target != nullptr && IsLive(target->hold, now)) return {target->hold, Level::kTarget};

  // An own success since then says more than the trouble of others.
  const auto superseded = [&](const Hold& hold) {
    return target != nullptr && target->last_success != kNever && target->last_success >= hold.since;
  };
  const PrefixRecord* prefix = prefixes_.Find(PrefixOf(path));
  if (prefix != nullptr && IsLive(prefix->hold, now) && !superseded(*prefix->hold)) {
    return {prefix->hold, Level::kPrefix};
  }
  const auto family = families_.HoldOf(FamilyOf(path), now);
  if (!family || superseded(*family)) return {};
  return {family, Level::kFamily};
}

Hold* ReachabilityHistory::OwnHold(const Path& path, Level level) {
  switch (level) {
    case Level::kTarget:
      return &*targets_.Find(path)->hold;
    case Level::kPrefix:
      return &*prefixes_.Find(PrefixOf(path))->hold;
    case Level::kFamily:
      return nullptr;
  }
  __builtin_unreachable();
}

Verdict ReachabilityHistory::Judge(const Path& path, TimePoint now) const {
  const TargetRecord* target = targets_.Find(path);
  Verdict verdict;
  verdict.unavailable = target != nullptr && target->unavailable_until != kNever && now < target->unavailable_until;
  const auto [hold, level] = DecidingHold(path, now);
  if (hold) {
    verdict.reachability = hold->reachability();
    verdict.level = level;
    verdict.failure = hold->reason;
    verdict.since = hold->since;
  } else if (target != nullptr && IsRecent(target->last_success, now)) {
    verdict.reachability = Reachability::kReachable;
  }
  return verdict;
}

Verdict ReachabilityHistory::JudgeForRace(const Path& path, TimePoint now) {
  Verdict verdict = Judge(path, now);
  const auto [deciding, level] = DecidingHold(path, now);
  if (!deciding) return verdict;
  Hold* own = OwnHold(path, level);
  const bool taken = own != nullptr ? own->TakeHeadStart(now, options_) : families_.TakeHeadStart(FamilyOf(path), now);
  return taken ? Verdict{.head_start = true, .unavailable = verdict.unavailable} : verdict;
}

void ReachabilityHistory::TakeUnavailable(const Path& path) {
  TargetRecord* target = targets_.Find(path);
  if (target == nullptr || !target->unavailable_once) return;
  target->unavailable_once = false;
  target->unavailable_until = kNever;
}

bool ReachabilityHistory::TakeReprobe(const Path& path, TimePoint now, RandomSource& random) {
  const auto [deciding, level] = DecidingHold(path, now);
  if (!deciding) return false;
  Hold* own = OwnHold(path, level);
  return own != nullptr ? own->TakeReprobe(now, options_, random) : families_.TakeReprobe(FamilyOf(path), now, random);
}

TimePoint ReachabilityHistory::NextReprobe(const Path& path, TimePoint now) const {
  const auto hold = DecidingHold(path, now).hold;
  return hold ? hold->next_reprobe : kNever;
}

std::optional<ExpectedRtt> ReachabilityHistory::Expect(const Path& path, AttemptStage stage, TimePoint now) const {
  const auto known = [&](const StageRecord& record) {
    return record.estimate.has_samples() && IsRecent(record.at, now);
  };
  const TargetRecord* own = targets_.Find(path);
  const PrefixRecord* prefix = prefixes_.Find(PrefixOf(path));
  if (own != nullptr && known(own->stages[IndexOf(stage)])) {
    return ExpectedRtt{own->stages[IndexOf(stage)].estimate, true, IsTrusted(*own, prefix, now)};
  }
  if (prefix != nullptr && known(prefix->stages[IndexOf(stage)])) {
    return ExpectedRtt{prefix->stages[IndexOf(stage)].estimate, false, false};
  }
  return std::nullopt;
}

bool ReachabilityHistory::IsTrusted(const TargetRecord& own, const PrefixRecord* prefix, TimePoint now) const {
  // A slow path answers for certain, only late: a short head start would let it be overtaken again for ever, and an SRV
  // record behind it would lose its share (S5).
  if (IsLive(own.hold, now)) return own.hold->slow;
  if (!IsRecent(own.last_success, now)) return false;
  if (prefix != nullptr && IsLive(prefix->hold, now) && own.last_success < prefix->hold->since) return false;
  const double prior = prefix == nullptr ? kNoIdea : prefix->evidence.Probability(kNoIdea, now, options_);
  return own.evidence.Probability(prior, now, options_) >= kTrusted;
}

// ---- Forgetting, keeping ----

void ReachabilityHistory::ForgetAll() {
  targets_.Clear();
  prefixes_.Clear();
  families_.ForgetAll();
}

bool ReachabilityHistory::Forget(const IpAddress& address) {
  const auto targets = targets_.EraseIf([&](const Path& path) { return path.target.endpoint.address == address; });
  const auto prefixes =
      prefixes_.EraseIf([&, prefix = Masked(address)](const PrefixKey& key) { return key.prefix == prefix; });
  return targets + prefixes > 0;
}

bool ReachabilityHistory::Forget(const IpAddress& prefix, int bits) {
  const auto inside = [&](const IpAddress& address) {
    return address.family() == prefix.family() && CommonPrefixLength(address, prefix) >= bits;
  };
  const std::size_t targets = targets_.EraseIf([&](const Path& path) { return inside(path.target.endpoint.address); });
  const std::size_t prefixes = prefixes_.EraseIf([&](const PrefixKey& key) {
    return inside(key.prefix) && bits <= (prefix.is_ipv4() ? options_.ipv4_prefix_bits : options_.ipv6_prefix_bits);
  });
  return targets + prefixes > 0;
}

HistoryRecords ReachabilityHistory::Export() const {
  HistoryRecords records;
  records.targets.reserve(targets_.size());
  records.prefixes.reserve(prefixes_.size());
  targets_.ForEach([&](const Path& path, const TargetRecord& record) { records.targets.push_back({path, record}); });
  prefixes_.ForEach(
      [&](const PrefixKey& key, const PrefixRecord& record) { records.prefixes.push_back({key, record}); });
  return records;
}

void ReachabilityHistory::Import(const HistoryRecords& records) {
  for (const TargetRecordData& one : records.targets) targets_.Use(one.path) = one.record;
  for (const PrefixRecordData& one : records.prefixes) {
    if (Masked(one.key.prefix) == one.key.prefix) prefixes_.Use(one.key) = one.record;
  }
}

PrefixKey ReachabilityHistory::PrefixOf(const Path& path) const {
  return {path.network, Masked(path.target.endpoint.address), path.target.transport};
}

IpAddress ReachabilityHistory::Masked(const IpAddress& address) const {
  return IpPrefix::Of(address, address.is_ipv4() ? options_.ipv4_prefix_bits : options_.ipv6_prefix_bits).address;
}

}  // namespace flowbroker::history
