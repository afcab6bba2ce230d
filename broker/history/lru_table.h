#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace flowbroker::history {

/// A table of at most `capacity` values that forgets the one used least recently. Looking up with Find is not a use.
template <typename Key, typename Value>
class LruTable {
 public:
  explicit LruTable(std::size_t capacity) : capacity_(capacity) {}

  LruTable(LruTable&&) noexcept = default;  // list iterators survive a move, not a copy
  LruTable& operator=(LruTable&&) noexcept = default;

  /// The value of `key`, made if need be, now the most recently used one. Valid until the next call of Use.
  /// @pre capacity > 0
  Value& Use(const Key& key) {
    if (const auto known = index_.find(key); known != index_.end()) {
      entries_.splice(entries_.begin(), entries_, known->second);
      return entries_.front().second;
    }
    if (index_.size() >= capacity_) ForgetOldest();
    entries_.emplace_front(key, Value{});
    index_.emplace(key, entries_.begin());
    return entries_.front().second;
  }

  /// Null where there is none. Valid until the next call of Use.
  const Value* Find(const Key& key) const {
    const auto known = index_.find(key);
    return known == index_.end() ? nullptr : &known->second->second;
  }

  std::size_t size() const { return index_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;

  void ForgetOldest() {
    if (entries_.empty()) return;
    index_.erase(entries_.back().first);
    entries_.pop_back();
  }

  std::size_t capacity_;
  Entries entries_;  // most recently used first
  std::unordered_map<Key, typename Entries::iterator> index_;
};

}  // namespace flowbroker::history
