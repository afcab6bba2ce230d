#include "broker/engine/race_log.h"

#include <utility>

namespace flowbroker::engine {

void RaceLog::Append(RaceRecord record) {
  if (!enabled()) return;
  const auto entry = std::make_shared<RaceRecord>(std::move(record));
  Entry oldest;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  entry->number = ++latest_;
  if (const auto evicted = eviction_.Add(entry->owner.tenant, latest_)) {
    oldest = std::move(entries_.extract(*evicted).mapped());
  }
  entries_.emplace(latest_, entry);
}

std::vector<RaceLog::Entry> RaceLog::Newest() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> newest;
  newest.reserve(entries_.size());
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) newest.push_back(entry->second);
  return newest;
}

}  // namespace flowbroker::engine
