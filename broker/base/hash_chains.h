#pragma once

#include <cstdint>
#include <deque>

#include "broker/base/record_index.h"

namespace flowbroker {

/// A hash set of record indices: 12 octets each. It grows bucket by bucket (W. Litwin, Linear hashing, 1980), so that
/// no call ever rehashes a million records while others wait, and never shrinks. The records and what makes two of them
/// equal are the owner's; hashes are expected to be good in all their bits.
class HashChains {
 public:
  HashChains() : heads_(1, kNoRecord) {}

  /// The record of that hash which matches(index) accepts; kNoRecord where there is none.
  template <typename Matches>
  RecordIndex Find(std::uint32_t hash, Matches&& matches) const {
    for (RecordIndex at = heads_[BucketOf(hash)]; at != kNoRecord; at = entries_[at].next) {
      if (entries_[at].hash == hash && matches(at)) return at;
    }
    return kNoRecord;
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

  std::size_t BucketOf(std::uint32_t hash) const;
  RecordIndex& LinkTo(RecordIndex index);
  Entry& EntryOf(RecordIndex index);
  void SplitOneBucket();

  std::deque<Entry> entries_;      // by record index
  std::deque<RecordIndex> heads_;  // of the chains; a deque, since it grows without copying
  std::size_t size_ = 0;
};

}  // namespace flowbroker
