#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "broker/base/time.h"
#include "broker/flow/acquire_count.h"
#include "broker/history/family_preference.h"
#include "broker/history/lru_table.h"
#include "broker/history/path.h"

namespace flowbroker::telemetry {

struct PrefixOptions {
  std::size_t shown = 50;  ///< prefixes with series of their own, at any time
  int ipv4_bits = 24;      ///< as memory has them
  int ipv6_bits = 48;
};

/// How many Acquires were answered with flows to which prefix: for the busiest few each, for the others together.
///
/// A flow counts where CountOf told it to when it opened: one addition per Acquire. What has been counted is credited
/// when somebody looks: to a prefix's own series while it is shown, otherwise to the rest, for good. So no series ever
/// falls: one that leaves and comes back goes on where it was, and the rest takes nothing over. A prefix that is used
/// in place of another, dead one brings that along, or memory's most interesting prefixes, which have no traffic, would
/// never be seen.
///
/// Holds what has open flows, and 20 times what is shown of what was shown before. Any thread; no lock is held for more
/// than a 256th of the prefixes.
class PrefixTraffic {
 public:
  explicit PrefixTraffic(PrefixOptions options);

  /// Where the Acquires answered with a flow on `path` count.
  std::shared_ptr<flow::AcquireCount> CountOf(const history::Path& path);
  /// A race with these candidates was won by `winner`, which has a flow since.
  void NoteRace(const history::Path& winner, std::span<const history::Path> candidates);

  struct Series {
    history::PrefixKey prefix;
    std::uint64_t acquires;
  };
  using ByTransportAndFamily = std::array<std::array<std::uint64_t, 2>, 3>;
  struct Totals {
    std::vector<Series> shown;  ///< at most PrefixOptions::shown, in order
    ByTransportAndFamily rest;
  };
  /// Credits what has come since the last call, after choosing anew what is shown: the prefixes with most Acquires,
  /// older ones counting half after five minutes.
  Totals Take(TimePoint now);

  history::PrefixKey PrefixOf(const history::Path& path) const;

 private:
  struct Cell final : flow::AcquireCount {
    void Add(std::uint64_t acquires) override { count.fetch_add(acquires, std::memory_order_relaxed); }
    std::atomic<std::uint64_t> count = 0;
  };
  struct Entry {
    std::shared_ptr<Cell> cell = std::make_shared<Cell>();  // shared with the flows that count there
    std::uint64_t credited = 0;                             // of its count
    double score = 0;
    std::vector<history::PrefixKey> alternatives = {};  // other candidates of the last race that it won
  };
  struct Stripe {
    std::mutex mutex;
    std::unordered_map<history::PrefixKey, Entry> entries;
    ByTransportAndFamily left_over{};  // counted by entries that are gone, not credited yet
    std::size_t sweep_at = 64;         // entries
  };
  struct Candidate {
    history::PrefixKey prefix;
    double score;
    std::uint64_t fresh;  // counted since the last time
  };
  static constexpr std::size_t kStripes = 256;
  static constexpr std::size_t kMaxAlternatives = 3;

  Stripe& StripeOf(const history::PrefixKey& prefix);
  static void Sweep(Stripe& stripe);
  void TakeFrom(Stripe& stripe, double decay, std::vector<Candidate>& candidates);
  std::unordered_set<history::PrefixKey> Choose(std::vector<Candidate>& candidates);
  std::vector<history::PrefixKey> AlternativesOf(const history::PrefixKey& prefix);
  void Show(const std::unordered_set<history::PrefixKey>& chosen);

  const PrefixOptions options_;
  std::array<Stripe, kStripes> stripes_;

  std::mutex taking_;  // before a stripe's; guards the rest
  TimePoint taken_{};
  std::unordered_map<history::PrefixKey, std::uint64_t> shown_;
  history::LruTable<history::PrefixKey, std::uint64_t> once_shown_;
  ByTransportAndFamily rest_{};
};

}  // namespace flowbroker::telemetry
