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

RecordIndex& HashChains::LinkTo(RecordIndex index) {
  RecordIndex* link = &heads_[BucketOf(entries_[index].hash)];
  while (*link != index) link = &entries_[*link].next;
  return *link;
}

HashChains::Entry& HashChains::EntryOf(RecordIndex index) {
  while (index >= entries_.size()) entries_.Grow();
  return entries_[index];
}

void HashChains::SplitOneBucket() {
  const RecordIndex upper = heads_.Grow();
  const RecordIndex half = std::bit_floor(upper);
  heads_[upper] = kNoRecord;
  RecordIndex at = std::exchange(heads_[upper - half], kNoRecord);
  while (at != kNoRecord) {
    Entry& entry = entries_[at];
    RecordIndex& head = heads_[(entry.hash & half) != 0 ? upper : upper - half];
    at = std::exchange(entry.next, std::exchange(head, at));
  }
}

}  // namespace flowbroker
