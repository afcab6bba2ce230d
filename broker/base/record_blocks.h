#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "broker/base/record_index.h"

namespace flowbroker {

/// Records by their place, in large blocks that never move: one look into a small table more than a vector costs, none
/// of its copying. (A std::deque has blocks of 512 octets, whose table alone is a cache miss where records are many.)
template <typename Record>
class RecordBlocks {
 public:
  Record& operator[](RecordIndex index) { return (*blocks_[index / kInBlock])[index % kInBlock]; }
  const Record& operator[](RecordIndex index) const { return (*blocks_[index / kInBlock])[index % kInBlock]; }

  /// The place of one more.
  RecordIndex Grow() {
    if (size_ == blocks_.size() * kInBlock) blocks_.push_back(std::make_unique<Block>());
    return static_cast<RecordIndex>(size_++);
  }
  std::size_t size() const { return size_; }
  void clear() {
    blocks_.clear();
    size_ = 0;
  }

 private:
  static constexpr std::size_t kInBlock = 1'024;
  using Block = std::array<Record, kInBlock>;

  std::vector<std::unique_ptr<Block>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace flowbroker
