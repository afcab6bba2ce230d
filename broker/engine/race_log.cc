#include "broker/engine/race_log.h"

#include <utility>

namespace flowbroker::engine {

void RaceLog::Append(RaceRecord record) {
  if (!enabled()) return;
  const auto entry = std::make_shared<RaceRecord>(std::move(record));
  Entry oldest;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  entry->number = ++latest_;
  if (entries_.size() == kept_) {
    oldest = std::move(entries_.front());
    entries_.pop_front();
  }
  entries_.push_back(entry);
}

std::vector<RaceLog::Entry> RaceLog::Newest() const {
  const std::lock_guard lock(mutex_);
  return {entries_.rbegin(), entries_.rend()};
}

}  // namespace flowbroker::engine
