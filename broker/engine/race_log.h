#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "broker/base/fair_eviction.h"
#include "broker/engine/race_record.h"

namespace flowbroker::engine {

/// The last races, for people who want to know what happened (H8). What the pool answered at once is not among them.
/// Thread-safe; readers share the records, so that a long look costs the shards nothing.
class RaceLog {
 public:
  using Entry = std::shared_ptr<const RaceRecord>;

  /// Keeps the last `kept`, about 4 KB each; 0: none. `percent` of them are a tenant's share.
  RaceLog(std::size_t kept, int percent) : kept_(kept), eviction_(kept, percent) {}

  /// Whether records are kept at all; otherwise none need be made.
  bool enabled() const { return kept_ > 0; }

  /// Numbers the record and keeps it in place of the oldest: of the tenant's own where it has its share.
  void Append(RaceRecord record);

  /// Those kept, newest first.
  std::vector<Entry> Newest() const;

 private:
  const std::size_t kept_;
  mutable std::mutex mutex_;
  FairEviction eviction_;
  std::map<std::uint64_t, Entry> entries_;  // oldest first
  std::uint64_t latest_ = 0;
};

}  // namespace flowbroker::engine
