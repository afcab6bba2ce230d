#include "broker/engine/shared_history.h"

#include <algorithm>
#include <iterator>

namespace flowbroker::engine {
namespace {

history::HistoryOptions ShareOf(history::HistoryOptions options, std::size_t stripes) {
  options.max_targets = options.max_targets / stripes + 1;
  options.max_prefixes = options.max_prefixes / stripes + 1;
  return options;
}

}  // namespace

SharedHistory::SharedHistory(const history::HistoryOptions& options) : options_(options), families_(options) {
  for (auto& stripe : stripes_) stripe = std::make_unique<Stripe>(ShareOf(options, kStripes), families_);
}

void SharedHistory::Record(const history::AttemptOutcome& outcome, TimePoint now) {
  Stripe& stripe = StripeOf(outcome.path.target.endpoint.address);
  const std::scoped_lock lock(stripe.mutex, families_mutex_);
  stripe.history.Record(outcome, now);
}

void SharedHistory::RecordRace(const history::Path& winner, std::span<const history::Path> candidates, TimePoint now) {
  for (const history::Path& candidate : candidates) {
    Stripe& stripe = StripeOf(candidate.target.endpoint.address);
    const std::scoped_lock lock(stripe.mutex, families_mutex_);
    stripe.history.RecordRace(winner, {&candidate, 1}, now);
  }
}

void SharedHistory::RecordUnavailable(const history::Path& path, TimePoint until, TimePoint now) {
  Stripe& stripe = StripeOf(path.target.endpoint.address);
  const std::lock_guard lock(stripe.mutex);
  stripe.history.RecordUnavailable(path, until, now);
}

history::Verdict SharedHistory::Judge(const history::Path& path, TimePoint now) const {
  const Stripe& stripe = StripeOf(path.target.endpoint.address);
  const std::scoped_lock lock(stripe.mutex, families_mutex_);
  return stripe.history.Judge(path, now);
}

history::Verdict SharedHistory::JudgeForRace(const history::Path& path, TimePoint now) {
  Stripe& stripe = StripeOf(path.target.endpoint.address);
  const std::scoped_lock lock(stripe.mutex, families_mutex_);
  return stripe.history.JudgeForRace(path, now);
}

bool SharedHistory::TakeReprobe(const history::Path& path, TimePoint now, RandomSource& random) {
  Stripe& stripe = StripeOf(path.target.endpoint.address);
  const std::scoped_lock lock(stripe.mutex, families_mutex_);
  return stripe.history.TakeReprobe(path, now, random);
}

TimePoint SharedHistory::NextReprobe(const history::Path& path, TimePoint now) const {
  const Stripe& stripe = StripeOf(path.target.endpoint.address);
  const std::scoped_lock lock(stripe.mutex, families_mutex_);
  return stripe.history.NextReprobe(path, now);
}

std::optional<history::ExpectedRtt> SharedHistory::Expect(const history::Path& path, AttemptStage stage,
                                                          TimePoint now) const {
  const Stripe& stripe = StripeOf(path.target.endpoint.address);
  const std::lock_guard lock(stripe.mutex);
  return stripe.history.Expect(path, stage, now);
}

std::vector<history::FamilyPreference> SharedHistory::Preferences(TimePoint now) const {
  std::vector<history::FamilyPreference> all;
  for (const auto& stripe : stripes_) {
    const std::scoped_lock lock(stripe->mutex, families_mutex_);
    std::ranges::move(stripe->history.Preferences(now), std::back_inserter(all));
  }
  std::ranges::sort(all, {}, &history::FamilyPreference::key);
  return all;
}

void SharedHistory::ForgetAll() {
  for (const auto& stripe : stripes_) {
    const std::scoped_lock lock(stripe->mutex, families_mutex_);
    stripe->history.ForgetAll();
  }
}

bool SharedHistory::Forget(const IpAddress& address) {
  Stripe& stripe = StripeOf(address);
  const std::scoped_lock lock(stripe.mutex, families_mutex_);
  return stripe.history.Forget(address);
}

bool SharedHistory::Forget(const IpAddress& prefix, int bits) {
  bool any = false;
  for (const auto& stripe : stripes_) {
    const std::scoped_lock lock(stripe->mutex, families_mutex_);
    any = stripe->history.Forget(prefix, bits) || any;
  }
  return any;
}

SharedHistory::Stripe& SharedHistory::StripeOf(const IpAddress& address) const {
  const int bits = address.is_ipv4() ? options_.ipv4_prefix_bits : options_.ipv6_prefix_bits;
  const auto whole_octets = static_cast<std::size_t>(bits / 8);  // targets of one prefix always share a stripe
  return *stripes_[HashBytes(address.octets().first(std::min(whole_octets, address.octets().size()))) % kStripes];
}

}  // namespace flowbroker::engine
