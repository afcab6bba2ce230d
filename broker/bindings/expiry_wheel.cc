#include "broker/bindings/expiry_wheel.h"

#include <algorithm>
#include <bit>

namespace flowbroker::bindings {

void ExpiryWheel::Schedule(RecordIndex index, TimePoint expires, TimePoint now) {
  while (index >= entries_.size()) entries_.emplace_back();
  if (size_ == 0) tick_ = now.time_since_epoch() / kTick;
  entries_[index].expires = expires;
  Link(index);
  ++size_;
}

void ExpiryWheel::Cancel(RecordIndex index) {
  Unlink(index);
  --size_;
}

std::vector<RecordIndex> ExpiryWheel::OnTimer(TimePoint now, std::size_t max_work) {
  const std::int64_t last = now.time_since_epoch() / kTick;
  std::vector<RecordIndex> due;
  for (std::size_t work = 0; work < max_work; ++work) {
    if (scan_ == kNoRecord && !StartNextSlot(last)) break;
    const RecordIndex at = scan_;
    scan_ = entries_[at].next;
    if (entries_[at].expires > now) continue;  // another turn of the wheel
    Cancel(at);
    due.push_back(at);
  }
  return due;
}

TimePoint ExpiryWheel::NextDeadline() const {
  if (scan_ != kNoRecord) return TimeOf(tick_);
  const auto tick = NextTick();
  return tick ? TimeOf(*tick) : kNever;
}

std::int64_t ExpiryWheel::TickOf(TimePoint expires) {
  return (expires.time_since_epoch() + kTick - Duration(1)) / kTick;
}

std::optional<std::int64_t> ExpiryWheel::NextTick() const {
  const std::int64_t first = tick_ + 1;
  const std::size_t start = static_cast<std::size_t>(first) % kSlots;
  for (std::size_t step = 0; step <= filled_.size(); ++step) {
    const std::size_t word = (start / kWordBits + step) % filled_.size();
    std::uint64_t bits = filled_[word];
    if (step == 0) bits &= ~std::uint64_t{0} << (start % kWordBits);
    if (step == filled_.size()) bits &= ~(~std::uint64_t{0} << (start % kWordBits));
    if (bits == 0) continue;
    const std::size_t slot = word * kWordBits + static_cast<std::size_t>(std::countr_zero(bits));
    return first + static_cast<std::int64_t>((slot + kSlots - start) % kSlots);
  }
  return std::nullopt;
}

/// Points scan_ at the next records to look at; false where there are none up to the tick `last`.
bool ExpiryWheel::StartNextSlot(std::int64_t last) {
  tick_ = std::max(tick_, last - static_cast<std::int64_t>(kSlots));  // one turn looks at everything that can be due
  const auto next = NextTick();
  tick_ = next && *next <= last ? *next : std::max(tick_, last);
  if (!next || *next > last) return false;
  scan_ = slots_[static_cast<std::size_t>(tick_) % kSlots];
  return true;
}

void ExpiryWheel::Link(RecordIndex index) {
  Entry& entry = entries_[index];
  const std::size_t slot = SlotOf(entry.expires);
  entry.previous = kNoRecord;
  entry.next = slots_[slot];
  if (entry.next != kNoRecord) entries_[entry.next].previous = index;
  slots_[slot] = index;
  filled_[slot / kWordBits] |= std::uint64_t{1} << (slot % kWordBits);
}

void ExpiryWheel::Unlink(RecordIndex index) {
  const Entry& entry = entries_[index];
  if (scan_ == index) scan_ = entry.next;
  if (entry.next != kNoRecord) entries_[entry.next].previous = entry.previous;
  if (entry.previous != kNoRecord) {
    entries_[entry.previous].next = entry.next;
    return;
  }
  const std::size_t slot = SlotOf(entry.expires);
  slots_[slot] = entry.next;
  if (entry.next == kNoRecord) filled_[slot / kWordBits] &= ~(std::uint64_t{1} << (slot % kWordBits));
}

}  // namespace flowbroker::bindings
