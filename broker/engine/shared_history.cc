#include "broker/engine/shared_history.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flowbroker::engine {
namespace {

history::HistoryOptions ShareOf(history::HistoryOptions options, std::size_t stripes) {
  options.max_targets = options.max_targets / stripes + 1;
  options.max_prefixes = options.max_prefixes / stripes + 1;
  return options;
}

}  // namespace

SharedHistory::SharedHistory(const history::HistoryOptions& options, EventLog<PreferenceEvent>& events)
    : options_(options), outbox_(events), families_(options) {
  for (auto& stripe : stripes_) stripe = std::make_unique<Stripe>(ShareOf(options, kStripes), families_);
}

void SharedHistory::Record(const history::AttemptOutcome& outcome, TimePoint now) {
  Stripe& stripe = StripeOf(outcome.path.target.endpoint.address);
  bool changed = false;
  {
    const std::lock_guard lock(stripe.mutex);
    stripe.history.Record(outcome, now);
    changed = PutChanges(stripe, {&outcome.path, 1}, now);
  }
  if (changed) outbox_.Flush();
}

void SharedHistory::RecordRace(const history::Path& winner, std::span<const history::Path> candidates, TimePoint now) {
  const auto of_other_family = [&](const history::Path& one) { return one.target.family() != winner.target.family(); };
  if (std::ranges::none_of(candidates, of_other_family)) return;
  std::array<std::vector<history::Path>, kStripes> parts;
  for (const history::Path& candidate : candidates) {
    parts[StripeIndex(candidate.target.endpoint.address)].push_back(candidate);
  }
  bool changed = false;
  for (std::size_t i = 0; i < kStripes; ++i) {
    if (parts[i].empty()) continue;
    const std::lock_guard lock(stripes_[i]->mutex);
    stripes_[i]->history.RecordRace(winner, parts[i], now);
    changed |= PutChanges(*stripes_[i], parts[i], now);
  }
  if (changed) outbox_.Flush();
}

template <typename Function>
auto SharedHistory::With(const IpAddress& address, Function function) const {
  Stripe& stripe = StripeOf(address);
  const std::lock_guard lock(stripe.mutex);
  return function(stripe.history);
}

void SharedHistory::RecordUnavailable(const history::Path& path, TimePoint until, TimePoint now) {
  With(path.target.endpoint.address, [&](auto& history) { history.RecordUnavailable(path, until, now); });
}

history::Verdict SharedHistory::Judge(const history::Path& path, TimePoint now) const {
  return With(path.target.endpoint.address, [&](const auto& history) { return history.Judge(path, now); });
}

history::Verdict SharedHistory::JudgeForRace(const history::Path& path, TimePoint now) {
  return With(path.target.endpoint.address, [&](auto& history) { return history.JudgeForRace(path, now); });
}

void SharedHistory::TakeUnavailable(const history::Path& path) {
  With(path.target.endpoint.address, [&](auto& history) { history.TakeUnavailable(path); });
}

bool SharedHistory::TakeReprobe(const history::Path& path, TimePoint now, RandomSource& random) {
  return With(path.target.endpoint.address, [&](auto& history) { return history.TakeReprobe(path, now, random); });
}

TimePoint SharedHistory::NextReprobe(const history::Path& path, TimePoint now) const {
  return With(path.target.endpoint.address, [&](const auto& history) { return history.NextReprobe(path, now); });
}

std::optional<history::ExpectedRtt> SharedHistory::Expect(const history::Path& path, AttemptStage stage,
                                                          TimePoint now) const {
  return With(path.target.endpoint.address, [&](const auto& history) { return history.Expect(path, stage, now); });
}

std::vector<history::FamilyPreference> SharedHistory::Preferences(TimePoint now) const {
  std::vector<history::FamilyPreference> all;
  for (const auto& stripe : stripes_) {
    const std::lock_guard lock(stripe->mutex);
    std::ranges::move(stripe->history.Preferences(now), std::back_inserter(all));
  }
  std::ranges::sort(all, {}, &history::FamilyPreference::key);
  return all;
}

std::optional<history::FamilyPreference> SharedHistory::FindPreference(const history::PrefixKey& prefix,
                                                                       TimePoint now) const {
  return With(prefix.prefix, [&](const auto& history) { return history.FindPreference(prefix, now); });
}

PreferenceCounts SharedHistory::CountPreferences(TimePoint now) const {
  PreferenceCounts counts;
  const auto count = [&](const history::PrefixKey& key, AddressFamily preferred, bool held) {
    const auto transport = static_cast<std::size_t>(key.transport);
    ++counts.preferring[transport][static_cast<std::size_t>(preferred)];
    if (held) ++counts.held[transport][static_cast<std::size_t>(key.prefix.family())];
  };
  for (const auto& stripe : stripes_) {
    const std::lock_guard lock(stripe->mutex);
    stripe->history.VisitPreferences(now, count);
  }
  return counts;
}

bool SharedHistory::PutChanges(Stripe& stripe, std::span<const history::Path> touched, TimePoint now) {
  bool any = false;
  for (const history::Path& path : touched) {
    auto changed = stripe.history.TakeChange(path, now);
    if (!changed) continue;
    Put(*std::move(changed), now);
    any = true;
  }
  if (now - stripe.looked_through >= kLookThroughEvery) any |= PutAllChanges(stripe, now);
  return any;
}

bool SharedHistory::PutAllChanges(Stripe& stripe, TimePoint now) {
  auto changes = stripe.history.TakeChanges(now);
  stripe.looked_through = now;
  const bool any = !changes.empty();
  for (history::FamilyPreference& changed : changes) Put(std::move(changed), now);
  return any;
}

void SharedHistory::Put(history::FamilyPreference changed, TimePoint now) {
  outbox_.Put({.sequence = 0, .time = now, .what = std::move(changed)});
}

void SharedHistory::PutForgotten(std::optional<IpPrefix> prefix, TimePoint now) {
  outbox_.Put({.sequence = 0, .time = now, .what = PreferencesForgotten{std::move(prefix)}});
}

void SharedHistory::PublishChanges(TimePoint now) {
  for (const auto& stripe : stripes_) {
    const std::lock_guard lock(stripe->mutex);
    PutAllChanges(*stripe, now);
  }
  outbox_.Flush();
}

std::vector<history::Path> SharedHistory::PathsOf(const IpAddress& address) const {
  return With(address, [&](const auto& history) { return history.PathsOf(address); });
}

bool SharedHistory::KnowsPrefixOf(const history::Path& path) const {
  return With(path.target.endpoint.address, [&](const auto& history) { return history.KnowsPrefixOf(path); });
}

template <typename Function>
Forgotten SharedHistory::ForgetIn(Stripe& stripe, Function forget) {
  const std::lock_guard lock(stripe.mutex);
  const Forgotten before{stripe.history.target_count(), stripe.history.prefix_count()};
  forget(stripe.history);
  return {before.targets - stripe.history.target_count(), before.prefixes - stripe.history.prefix_count()};
}

Forgotten SharedHistory::ForgetAll(TimePoint now) {
  Forgotten all;
  for (const auto& stripe : stripes_) {
    all += ForgetIn(*stripe, [](history::ReachabilityHistory& history) { history.ForgetAll(); });
  }
  PutForgotten(std::nullopt, now);
  outbox_.Flush();
  return all;
}

Forgotten SharedHistory::Forget(const IpAddress& address, TimePoint now) {
  const Forgotten forgotten =
      ForgetIn(StripeOf(address), [&](history::ReachabilityHistory& history) { history.Forget(address); });
  if (forgotten.prefixes > 0) {
    const int bits = address.is_ipv4() ? options_.ipv4_prefix_bits : options_.ipv6_prefix_bits;
    PutForgotten(IpPrefix::Of(address, bits), now);
    outbox_.Flush();
  }
  return forgotten;
}

Forgotten SharedHistory::Forget(const IpPrefix& prefix, TimePoint now) {
  Forgotten all;
  for (const auto& stripe : stripes_) {
    all +=
        ForgetIn(*stripe, [&](history::ReachabilityHistory& history) { history.Forget(prefix.address, prefix.bits); });
  }
  if (all.prefixes > 0) {
    PutForgotten(prefix, now);
    outbox_.Flush();
  }
  return all;
}

void SharedHistory::Export(const std::function<void(history::HistoryRecords)>& write) const {
  for (const auto& stripe : stripes_) {
    history::HistoryRecords records;
    {
      const std::lock_guard lock(stripe->mutex);
      records = stripe->history.Export();
    }
    write(std::move(records));
  }
}

std::vector<history::FamilyRecordData> SharedHistory::ExportFamilies() const {
  return families_.Export();
}

void SharedHistory::Import(const history::HistoryRecords& records) {
  std::array<history::HistoryRecords, kStripes> parts;
  for (const auto& one : records.targets) parts[StripeIndex(one.path.target.endpoint.address)].targets.push_back(one);
  for (const auto& one : records.prefixes) parts[StripeIndex(one.key.prefix)].prefixes.push_back(one);
  for (std::size_t i = 0; i < kStripes; ++i) {
    const std::lock_guard lock(stripes_[i]->mutex);
    stripes_[i]->history.Import(parts[i]);
  }
}

void SharedHistory::ImportFamilies(const std::vector<history::FamilyRecordData>& records) {
  families_.Import(records);
}

HistoryOccupancy SharedHistory::occupancy() const {
  HistoryOccupancy sum;
  for (const auto& stripe : stripes_) {
    const std::lock_guard lock(stripe->mutex);
    sum.targets += stripe->history.target_count();
    sum.prefixes += stripe->history.prefix_count();
    sum.evicted_targets += stripe->history.evicted_targets();
    sum.evicted_prefixes += stripe->history.evicted_prefixes();
    const history::Restorations& restored = stripe->history.restored();
    sum.restored.targets += restored.targets;
    sum.restored.prefixes += restored.prefixes;
    sum.restored.families += restored.families;
  }
  return sum;
}

std::size_t SharedHistory::StripeIndex(const IpAddress& address) const {
  const int bits = address.is_ipv4() ? options_.ipv4_prefix_bits : options_.ipv6_prefix_bits;
  const auto whole_octets = static_cast<std::size_t>(bits / 8);  // targets of one prefix always share a stripe
  return HashBytes(address.octets().first(std::min(whole_octets, address.octets().size()))) % kStripes;
}

}  // namespace flowbroker::engine
