#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace flowbroker::history {

/// A table of at most `capacity` values that forgets the one used least recently. Looking up with Find is not a use.
///
/// Made for a million small values: each lies once, with its key and the links of both the hash chain and the order of
/// use, in blocks that never move. A look-up touches one bucket and, nearly always, one entry.
template <typename Key, typename Value>
class LruTable {
 public:
  /// @pre 0 < capacity < 2^32 - 1
  explicit LruTable(std::size_t capacity) : capacity_(capacity), buckets_(kFewestBuckets, kNone) {}

  LruTable(LruTable&&) noexcept = default;
  LruTable& operator=(LruTable&&) noexcept = default;

  /// The value of `key`, made if need be, now the most recently used one. Valid until it is erased or forgotten.
  Value& Use(const Key& key) {
    if (const Index known = IndexOf(key); known != kNone) {
      Unlink(known);
      LinkAsNewest(known);
      return At(known).value;
    }
    if (size_ >= capacity_) {
      EraseAt(oldest_);
      ++evicted_;
    }
    if (size_ >= buckets_.size()) Rehash(buckets_.size() * 2);
    const Index made = Place(key);
    Index& bucket = BucketOf(key);
    At(made).chain = std::exchange(bucket, made);
    LinkAsNewest(made);
    ++size_;
    return At(made).value;
  }

  /// Null where there is none. Valid until it is erased or forgotten.
  const Value* Find(const Key& key) const {
    const Index known = IndexOf(key);
    return known == kNone ? nullptr : &At(known).value;
  }
  Value* Find(const Key& key) {
    const Index known = IndexOf(key);
    return known == kNone ? nullptr : &At(known).value;
  }

  /// Calls visit(key, value) for all, the one used least recently first. `visit` must not use the table.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (Index at = oldest_; at != kNone; at = At(at).newer) visit(At(at).key, At(at).value);
  }
  template <typename Visit>
  void ForEach(Visit&& visit) {
    for (Index at = oldest_; at != kNone; at = At(at).newer) visit(std::as_const(At(at).key), At(at).value);
  }

  /// Erases all that matches(key) selects; returns how many.
  template <typename Matches>
  std::size_t EraseIf(Matches&& matches) {
    const std::size_t before = size_;
    for (Index at = oldest_; at != kNone;) {
      const Index next = At(at).newer;
      if (matches(std::as_const(At(at).key))) EraseAt(at);
      at = next;
    }
    return before - size_;
  }

  void Clear() {
    LruTable empty(capacity_);
    empty.evicted_ = evicted_;
    *this = std::move(empty);
  }

  std::size_t size() const { return size_; }
  std::uint64_t evicted() const { return evicted_; }  ///< forgotten for want of room, ever

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = UINT32_MAX;
  static constexpr std::size_t kFewestBuckets = 16;
  static constexpr std::size_t kBlock = 64;  // entries

  struct Entry {
    Key key;
    Value value;
    Index chain;  // next of the same bucket, or of the free ones
    Index newer = kNone;
    Index older = kNone;
  };

  Entry& At(Index index) { return blocks_[index / kBlock][index % kBlock]; }
  const Entry& At(Index index) const { return blocks_[index / kBlock][index % kBlock]; }

  // Fibonacci hashing: the upper bits of the product depend on all bits of the hash, whose lower ones may be alike.
  std::size_t BucketNumber(const Key& key) const {
    const std::uint64_t mixed = static_cast<std::uint64_t>(std::hash<Key>{}(key)) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(mixed >> (64U - static_cast<unsigned>(std::countr_zero(buckets_.size()))));
  }
  Index& BucketOf(const Key& key) { return buckets_[BucketNumber(key)]; }

  Index IndexOf(const Key& key) const {
    Index at = buckets_[BucketNumber(key)];
    while (at != kNone && !(At(at).key == key)) at = At(at).chain;
    return at;
  }

  Index Place(const Key& key) {
    if (free_ != kNone) {
      const Index reused = free_;
      free_ = At(reused).chain;
      At(reused) = Entry{key, Value{}, kNone};
      return reused;
    }
    if (blocks_.empty() || blocks_.back().size() == kBlock) blocks_.emplace_back().reserve(kBlock);
    blocks_.back().push_back(Entry{key, Value{}, kNone});
    return static_cast<Index>((blocks_.size() - 1) * kBlock + blocks_.back().size() - 1);
  }

  void EraseAt(Index index) {
    Unlink(index);
    Index* link = &BucketOf(At(index).key);
    while (*link != index) link = &At(*link).chain;
    *link = At(index).chain;
    At(index).value = Value{};  // what it owns goes now, not when the place is needed
    At(index).chain = std::exchange(free_, index);
    --size_;
  }

  void LinkAsNewest(Index index) {
    At(index).newer = kNone;
    At(index).older = newest_;
    (newest_ == kNone ? oldest_ : At(newest_).newer) = index;
    newest_ = index;
  }

  void Unlink(Index index) {
    const Entry& entry = At(index);
    (entry.older == kNone ? oldest_ : At(entry.older).newer) = entry.newer;
    (entry.newer == kNone ? newest_ : At(entry.newer).older) = entry.older;
  }

  void Rehash(std::size_t buckets) {
    buckets_.assign(buckets, kNone);
    for (Index at = oldest_; at != kNone; at = At(at).newer) {
      At(at).chain = std::exchange(BucketOf(At(at).key), at);
    }
  }

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::uint64_t evicted_ = 0;
  std::vector<std::vector<Entry>> blocks_;
  std::vector<Index> buckets_;  // heads of chains; a power of two
  Index free_ = kNone;          // places of erased entries, chained
  Index oldest_ = kNone;
  Index newest_ = kNone;
};

}  // namespace flowbroker::history
