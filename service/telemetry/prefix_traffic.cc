#include "service/telemetry/prefix_traffic.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "broker/base/ip_prefix.h"

namespace flowbroker::telemetry {
namespace {

using history::PrefixKey;

constexpr Duration kHalfLife = std::chrono::minutes(5);
/// What is shown stays until something has so much more traffic: two equal ones must not take turns.
constexpr double kAdvantageOfShown = 1.25;
constexpr std::size_t kRememberedPerShown = 20;

std::uint64_t& At(PrefixTraffic::ByTransportAndFamily& counts, const PrefixKey& prefix) {
  return counts[static_cast<std::size_t>(prefix.transport)][static_cast<std::size_t>(prefix.prefix.family())];
}

double Decay(Duration elapsed) {
  return std::exp2(-std::chrono::duration<double>(elapsed) / std::chrono::duration<double>(kHalfLife));
}

}  // namespace

PrefixTraffic::PrefixTraffic(PrefixOptions options)
    : options_(options), once_shown_(std::max<std::size_t>(1, kRememberedPerShown * options.shown)) {}

PrefixKey PrefixTraffic::PrefixOf(const history::Path& path) const {
  const IpAddress& address = path.target.endpoint.address;
  const int bits = address.is_ipv4() ? options_.ipv4_bits : options_.ipv6_bits;
  return {path.network, IpPrefix::Of(address, bits).address, path.target.transport};
}

PrefixTraffic::Stripe& PrefixTraffic::StripeOf(const PrefixKey& prefix) {
  // The upper bits: the maps of the stripes use the lower ones.
  return stripes_[(std::hash<PrefixKey>{}(prefix) * 0x9E3779B97F4A7C15ULL) >> 56U];
}

std::shared_ptr<flow::AcquireCount> PrefixTraffic::CountOf(const history::Path& path) {
  const PrefixKey prefix = PrefixOf(path);
  Stripe& stripe = StripeOf(prefix);
  const std::lock_guard lock(stripe.mutex);
  if (stripe.entries.size() >= stripe.sweep_at) Sweep(stripe);
  return stripe.entries[prefix].cell;
}

void PrefixTraffic::Sweep(Stripe& stripe) {
  // Only where nobody looks for long is there much to do: Take forgets what has no flows too.
  std::erase_if(stripe.entries, [&](const auto& one) {
    const auto& [prefix, entry] = one;
    if (entry.cell.use_count() > 1) return false;
    At(stripe.left_over, prefix) += entry.cell->count - entry.credited;
    return true;
  });
  stripe.sweep_at = 2 * stripe.entries.size() + 64;
}

void PrefixTraffic::NoteRace(const history::Path& winner, std::span<const history::Path> candidates) {
  const PrefixKey prefix = PrefixOf(winner);
  std::vector<PrefixKey> alternatives;
  for (const history::Path& candidate : candidates) {
    const PrefixKey other = PrefixOf(candidate);
    if (other == prefix || std::ranges::find(alternatives, other) != alternatives.end()) continue;
    alternatives.push_back(other);
    if (alternatives.size() == kMaxAlternatives) break;
  }
  Stripe& stripe = StripeOf(prefix);
  const std::lock_guard lock(stripe.mutex);
  const auto entry = stripe.entries.find(prefix);
  if (entry != stripe.entries.end()) entry->second.alternatives = std::move(alternatives);
}

void PrefixTraffic::TakeFrom(Stripe& stripe, double decay, std::vector<Candidate>& candidates) {
  const std::lock_guard lock(stripe.mutex);
  for (auto entry = stripe.entries.begin(); entry != stripe.entries.end();) {
    auto& [prefix, traffic] = *entry;
    const bool in_use = traffic.cell.use_count() > 1;  // before the count is read: nobody adds to it afterwards
    const std::uint64_t count = traffic.cell->count;
    const std::uint64_t fresh = count - std::exchange(traffic.credited, count);
    traffic.score = traffic.score * decay + static_cast<double>(fresh);
    const bool keep = in_use || fresh > 0;
    if (keep) candidates.push_back({prefix, traffic.score, fresh});
    entry = keep ? std::next(entry) : stripe.entries.erase(entry);
  }
  for (std::size_t transport = 0; transport < rest_.size(); ++transport) {
    for (std::size_t family = 0; family < rest_[transport].size(); ++family) {
      rest_[transport][family] += std::exchange(stripe.left_over[transport][family], 0);
    }
  }
}

std::vector<PrefixKey> PrefixTraffic::AlternativesOf(const PrefixKey& prefix) {
  Stripe& stripe = StripeOf(prefix);
  const std::lock_guard lock(stripe.mutex);
  const auto entry = stripe.entries.find(prefix);
  return entry == stripe.entries.end() ? std::vector<PrefixKey>() : entry->second.alternatives;
}

std::unordered_set<PrefixKey> PrefixTraffic::Choose(std::vector<Candidate>& candidates) {
  for (Candidate& one : candidates) {
    if (shown_.contains(one.prefix)) one.score *= kAdvantageOfShown;
  }
  const auto busier = [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.prefix < b.prefix;
  };
  const std::size_t wanted = std::min(options_.shown, candidates.size());
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(wanted), candidates.end(),
                    busier);
  std::unordered_set<PrefixKey> chosen;
  for (std::size_t i = 0; i < wanted && chosen.size() < options_.shown; ++i) {
    chosen.insert(candidates[i].prefix);
    for (const PrefixKey& alternative : AlternativesOf(candidates[i].prefix)) {
      if (chosen.size() < options_.shown) chosen.insert(alternative);
    }
  }
  return chosen;
}

void PrefixTraffic::Show(const std::unordered_set<PrefixKey>& chosen) {
  std::erase_if(shown_, [&](const auto& one) {
    if (chosen.contains(one.first)) return false;
    once_shown_.Use(one.first) = one.second;
    return true;
  });
  for (const PrefixKey& prefix : chosen) {
    const std::uint64_t* before = once_shown_.Find(prefix);
    shown_.try_emplace(prefix, before == nullptr ? 0 : *before);
  }
}

PrefixTraffic::Totals PrefixTraffic::Take(TimePoint now) {
  const std::lock_guard lock(taking_);
  const double decay = Decay(now - std::exchange(taken_, now));
  std::vector<Candidate> candidates;
  for (Stripe& stripe : stripes_) TakeFrom(stripe, decay, candidates);
  Show(Choose(candidates));
  for (const Candidate& one : candidates) {
    const auto shown = shown_.find(one.prefix);
    (shown != shown_.end() ? shown->second : At(rest_, one.prefix)) += one.fresh;
  }
  Totals totals{.shown = {}, .rest = rest_};
  for (const auto& [prefix, acquires] : shown_) totals.shown.push_back({prefix, acquires});
  std::ranges::sort(totals.shown, {}, &Series::prefix);
  return totals;
}

}  // namespace flowbroker::telemetry
