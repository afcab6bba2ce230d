#include "broker/history/family_history.h"

#include <algorithm>
#include <cstddef>

namespace flowbroker::history {
namespace {

/// As many networks as the registry remembers beyond the current ones, twice, in both families.
constexpr std::size_t kMaxFamilies = 1024;

/// Of prefixes; with the third one the family is held.
constexpr std::size_t kSuspectsBeforeHold = 2;

/// Before anything is known either way.
constexpr double kNoIdea = 0.5;

/// Adds `prefix`, or makes it the newest. False where it is one too many.
bool AddSuspect(std::vector<Suspect>& suspects, const IpAddress& prefix, TimePoint now, Duration window) {
  std::erase_if(suspects, [&](const Suspect& one) { return one.address == prefix || now - one.at >= window; });
  const bool room = suspects.size() < kSuspectsBeforeHold;
  if (!room) suspects.erase(suspects.begin());
  suspects.push_back({prefix, now});
  return room;
}

}  // namespace

FamilyHistory::FamilyHistory(HistoryOptions options) : options_(options), families_(kMaxFamilies) {}

bool FamilyHistory::RecordSuccess(const FamilyKey& family, TimePoint now) {
  FamilyRecord& record = families_.Use(family);
  const bool was_held = IsHeld(&record, now);
  record.evidence.Add(true, now, options_);
  record.suspects.clear();
  // However late the answer came: prefixes differ in distance, and one that answers at all proves the family.
  record.hold.reset();
  return was_held;
}

void FamilyHistory::RecordFailure(const FamilyKey& family, TimePoint now) {
  families_.Use(family).evidence.Add(false, now, options_);
}

void FamilyHistory::RecordHeld(const FamilyKey& family, const IpAddress& prefix, const Hold::Cause& cause,
                               TimePoint now) {
  FamilyRecord& record = families_.Use(family);
  const bool one_too_many = !AddSuspect(record.suspects, prefix, now, options_.max_hold);
  if (record.hold && !record.hold->IsOver(now, options_)) {
    record.hold->Renew(cause, now, options_);
  } else if (one_too_many) {
    record.hold = Hold::Begin(cause, nullptr, now, options_);
  }
}

bool FamilyHistory::IsHeld(const FamilyRecord* record, TimePoint now) const {
  return record != nullptr && record->hold && !record->hold->IsOver(now, options_);
}

std::optional<Hold> FamilyHistory::HoldOf(const FamilyKey& family, TimePoint now) const {
  const FamilyRecord* record = families_.Find(family);
  return IsHeld(record, now) ? record->hold : std::nullopt;
}

bool FamilyHistory::TakeHeadStart(const FamilyKey& family, TimePoint now) {
  FamilyRecord* record = families_.Find(family);
  return IsHeld(record, now) && record->hold->TakeHeadStart(now, options_);
}

bool FamilyHistory::TakeReprobe(const FamilyKey& family, TimePoint now, RandomSource& random) {
  FamilyRecord* record = families_.Find(family);
  return IsHeld(record, now) && record->hold->TakeReprobe(now, options_, random);
}

double FamilyHistory::Probability(const FamilyKey& family, TimePoint now) const {
  const FamilyRecord* record = families_.Find(family);
  return record == nullptr ? kNoIdea : record->evidence.Probability(kNoIdea, now, options_);
}

std::vector<FamilyRecordData> FamilyHistory::Export() const {
  std::vector<FamilyRecordData> records;
  families_.ForEach(
      [&](const FamilyKey& key, const FamilyRecord& record) { records.push_back({.key = key, .record = record}); });
  return records;
}

void FamilyHistory::Import(const std::vector<FamilyRecordData>& records) {
  for (const FamilyRecordData& one : records) families_.Use(one.key) = one.record;
}

}  // namespace flowbroker::history
