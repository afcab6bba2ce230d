#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "broker/base/record_blocks.h"
#include "broker/base/record_index.h"

namespace flowbroker {

/// A hash set of record indices: 12 octets each. It grows bucket by bucket (W. Litwin, Linear hashing, 1980), so that
/// no call ever rehashes a million records while others wait, and never shrinks. The records and what makes two of them
/// equal are the owner's; hashes are expected to be good in all their bits.
class HashChains {
 public:
  HashChains() { heads_[heads_.Grow()] = kNoRecord; }

  /// The record of that hash which matches(index) accepts; kNoRecord where there is none.
  template <typename Matches>
  RecordIndex Find(std::uint32_t hash, Matches&& matches) const {
    for (RecordIndex at = heads_[BucketOf(hash)]; at != kNoRecord; at = entries_[at].next) {
      if (entries_[at].hash == hash && matches(at)) return at;
    }
    return kNoRecord;
  }

  // What Find looks at is in no cache where there are a million records. Who has to find several first calls the one
  // for all of them, then the other, then Find: so their waits for memory run side by side.
  void PrefetchHead(std::uint32_t hash) const { __builtin_prefetch(&heads_[BucketOf(hash)]); }
  /// The record that Find looks at first, whose entry is prefetched; kNoRecord: it finds none.
  RecordIndex PrefetchFirst(std::uint32_t hash) const {
    const RecordIndex first = heads_[BucketOf(hash)];
    if (first != kNoRecord) __builtin_prefetch(&entries_[first]);
    return first;
  }

  /// @pre the index is not in the set
  void Insert(RecordIndex index, std::uint32_t hash);

  /// @pre the index is in the set
  void Erase(RecordIndex index);

  /// Puts `by`, of equal hash, where `index` was. @pre `index` is in the set, `by` is not
  void Replace(RecordIndex index, RecordIndex by);

 private:
  struct Entry {
    std::uint32_t hash = 0;
    RecordIndex next = kNoRecord;
  };

  RecordIndex BucketOf(std::uint32_t hash) const {
    const std::size_t half = std::bit_floor(heads_.size());
    const std::size_t bucket = hash & (2 * half - 1);
    return static_cast<RecordIndex>(bucket < heads_.size() ? bucket
                                                           : bucket - half);  // the upper one is not split off yet
  }
  RecordIndex& LinkTo(RecordIndex index);
  Entry& EntryOf(RecordIndex index);
  void SplitOneBucket();

  RecordBlocks<Entry> entries_;      // by record index
  RecordBlocks<RecordIndex> heads_;  // of the chains
  std::size_t size_ = 0;
};

}  // namespace flowbroker
