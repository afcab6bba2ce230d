#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "broker/base/record_index.h"
#include "broker/base/time.h"

namespace flowbroker::bindings {

/// Which records end when: a wheel of 4096 slots of a second each, 16 octets a record, every call but OnTimer in
/// constant time. What ends later than in one turn of the wheel is looked at once a turn. A record is found due up to a
/// second late, never early.
class ExpiryWheel {
 public:
  /// @pre the record is not scheduled, and expires > now
  void Schedule(RecordIndex index, TimePoint expires, TimePoint now);

  /// @pre the record is scheduled
  void Cancel(RecordIndex index);

  /// What it was last scheduled for. @pre it has been
  TimePoint expires(RecordIndex index) const { return entries_[index].expires; }

  /// Records whose end has come; the wheel no longer knows them. Looks at `max_work` of them at most: where more may be
  /// due, NextDeadline is in the past.
  std::vector<RecordIndex> OnTimer(TimePoint now, std::size_t max_work);

  /// When OnTimer has something to look at; kNever where nothing is scheduled.
  TimePoint NextDeadline() const;

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr std::size_t kWordBits = 64;
  static constexpr Duration kTick = std::chrono::seconds(1);

  struct Entry {
    TimePoint expires{};
    RecordIndex next = kNoRecord;
    RecordIndex previous = kNoRecord;
  };

  /// The first tick at which the record is due.
  static std::int64_t TickOf(TimePoint expires);
  static std::size_t SlotOf(TimePoint expires) { return static_cast<std::size_t>(TickOf(expires)) % kSlots; }
  static TimePoint TimeOf(std::int64_t tick) { return TimePoint(tick * kTick); }

  std::optional<std::int64_t> NextTick() const;
  bool StartNextSlot(std::int64_t last);
  void Link(RecordIndex index);
  void Unlink(RecordIndex index);

  std::deque<Entry> entries_;  // by record index
  std::vector<RecordIndex> slots_ = std::vector<RecordIndex>(kSlots, kNoRecord);
  std::array<std::uint64_t, kSlots / kWordBits> filled_{};  // a bit for each slot
  std::int64_t tick_ = 0;         // all slots up to this tick have been looked at, but for what `scan_` has before it
  RecordIndex scan_ = kNoRecord;  // the next record of tick_'s slot to look at
  std::size_t size_ = 0;
};

}  // namespace flowbroker::bindings
