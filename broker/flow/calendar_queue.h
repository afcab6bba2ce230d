#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "broker/base/time.h"

namespace flowbroker::flow {

/// Who is to be looked at when, for very many: a ring of buckets one tick wide, so that adding and taking cost the same
/// however many there are. Keeps no places: a key that is no longer wanted, or was put off, comes up at its old time
/// and its owner drops it or adds it anew. Keys beyond the ring come up at its end, early. Pure; not thread-safe.
///
///     queue.Add(id, due, now);
///     queue.TakeDue(now, limit, [&](Id id) { if (DueOf(id) > now) queue.Add(id, DueOf(id), now); else ...; });
template <typename Key>
class CalendarQueue {
 public:
  /// The ring covers `tick * buckets`.
  CalendarQueue(Duration tick, std::size_t buckets) : tick_(tick), ring_(buckets) {}

  /// @pre when is not kNever
  void Add(Key key, TimePoint when, TimePoint now) {
    const Number present = NumberOf(now);
    if (!taking_) next_ = std::max(next_, size_ == 0 ? present : std::min(present, first_));  // those before are empty
    const Number last = next_ + static_cast<Number>(ring_.size()) - 1;
    // What is added while others are taken comes in a later tick, or that would not end.
    const Number number = std::clamp(NumberOf(when), taking_ ? next_ + 1 : next_, last);
    BucketOf(number).push_back(std::move(key));
    if (size_++ == 0 || number < first_) first_ = number;
  }

  /// When TakeDue is to be called; kNever where nothing waits. A tick is due when it is over, so that nothing comes
  /// before its time.
  TimePoint NextDeadline() const { return size_ == 0 ? kNever : EndOf(first_); }

  /// Hands out at most `limit` keys whose tick is over; what is left stays due. `take` may Add.
  template <typename Take>
  std::size_t TakeDue(TimePoint now, std::size_t limit, Take&& take) {
    std::size_t taken = 0;
    while (size_ > 0 && EndOf(first_) <= now && taken < limit) {
      next_ = first_;
      due_.clear();
      due_.swap(BucketOf(next_));
      const std::size_t count = std::min(due_.size(), limit - taken);
      size_ -= count;
      taken += count;
      taking_ = true;
      for (std::size_t i = 0; i < count; ++i) take(due_[i]);
      taking_ = false;
      if (count < due_.size()) {
        BucketOf(next_).assign(due_.begin() + static_cast<std::ptrdiff_t>(count), due_.end());
      } else {
        ++next_;
      }
      FindFirst();
    }
    return taken;
  }

  std::size_t size() const { return size_; }

 private:
  using Number = Duration::rep;

  Number NumberOf(TimePoint when) const { return when.time_since_epoch() / tick_; }
  TimePoint EndOf(Number number) const { return TimePoint(tick_ * (number + 1)); }
  std::vector<Key>& BucketOf(Number number) { return ring_[static_cast<std::size_t>(number) % ring_.size()]; }

  void FindFirst() {
    if (size_ == 0) return;
    first_ = next_;
    while (BucketOf(first_).empty()) ++first_;
  }

  Duration tick_;
  std::vector<std::vector<Key>> ring_;
  std::vector<Key> due_;  // taken from a bucket, which gets the room of the one before
  std::size_t size_ = 0;
  bool taking_ = false;
  Number next_ = 0;   // the first tick that has not been taken whole
  Number first_ = 0;  // the first tick that holds anything, while size_ > 0
};

}  // namespace flowbroker::flow
