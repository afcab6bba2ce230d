#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/flow/flow.h"

namespace flowbroker::engine {

/// Which shards have flows that may be shared, by place and owner: a flow may lead to a place that two names, which
/// belong to different shards, lead to (O3). Hashes only, so a shard named here has to be asked. Thread-safe.
class SharedPlaces {
 public:
  void Add(const flow::FlowKey& key, std::uint8_t shard) {
    const std::lock_guard lock(mutex_);
    std::vector<Count>& counts = counts_[HashOf(key)];
    const auto found = std::ranges::find(counts, shard, &Count::first);
    if (found == counts.end()) {
      counts.emplace_back(shard, 1);
    } else {
      ++found->second;
    }
  }
  void Remove(const flow::FlowKey& key, std::uint8_t shard) {
    const std::lock_guard lock(mutex_);
    const auto place = counts_.find(HashOf(key));
    if (place == counts_.end()) return;
    const auto found = std::ranges::find(place->second, shard, &Count::first);
    if (found != place->second.end() && --found->second == 0) place->second.erase(found);
    if (place->second.empty()) counts_.erase(place);
  }
  /// All but `except`.
  std::vector<std::uint8_t> ShardsWith(const flow::FlowKey& key, std::uint8_t except) const {
    std::vector<std::uint8_t> shards;
    const std::lock_guard lock(mutex_);
    const auto place = counts_.find(HashOf(key));
    if (place == counts_.end()) return shards;
    for (const auto& [shard, flows] : place->second) {
      if (shard != except) shards.push_back(shard);
    }
    return shards;
  }

 private:
  using Count = std::pair<std::uint8_t, std::size_t>;  // of flows

  static std::size_t HashOf(const flow::FlowKey& key) { return std::hash<flow::FlowKey>{}(key); }

  mutable std::mutex mutex_;
  std::unordered_map<std::size_t, std::vector<Count>> counts_;
};

}  // namespace flowbroker::engine
