#include "broker/base/hash_chains.h"

#include <bit>
#include <utility>

namespace flowbroker {

void HashChains::Insert(RecordIndex index, std::uint32_t hash) {
  RecordIndex& head = heads_[BucketOf(hash)];
  EntryOf(index) = {.hash = hash, .next = std::exchange(head, index)};
  if (++size_ > heads_.size()) SplitOneBucket();
}

void HashChains::Erase(RecordIndex index) {
  LinkTo(index) = entries_[index].next;
  --size_;
}

void HashChains::Replace(RecordIndex index, RecordIndex by) {
  EntryOf(by) = entries_[index];
  LinkTo(index) = by;
}

std::size_t HashChains::BucketOf(std::uint32_t hash) const {
  const std::size_t half = std::bit_floor(heads_.size());
  const std::size_t bucket = hash & (2 * half - 1);
  return bucket < heads_.size() ? bucket : bucket - half;  // the upper one is not split off yet
}

RecordIndex& HashChains::LinkTo(RecordIndex index) {
  RecordIndex* link = &heads_[BucketOf(entries_[index].hash)];
  while (*link != index) link = &entries_[*link].next;
  return *link;
}

HashChains::Entry& HashChains::EntryOf(RecordIndex index) {
  while (index >= entries_.size()) entries_.emplace_back();
  return entries_[index];
}

void HashChains::SplitOneBucket() {
  const std::size_t upper = heads_.size();
  const std::size_t half = std::bit_floor(upper);
  RecordIndex at = std::exchange(heads_[upper - half], kNoRecord);
  heads_.push_back(kNoRecord);
  while (at != kNoRecord) {
    Entry& entry = entries_[at];
    RecordIndex& head = heads_[(entry.hash & half) != 0 ? upper : upper - half];
    at = std::exchange(entry.next, std::exchange(head, at));
  }
}

}  // namespace flowbroker
