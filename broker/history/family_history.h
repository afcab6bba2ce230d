#pragma once

#include <cstddef>
#include <vector>

#include "broker/base/time.h"
#include "broker/history/history_options.h"
#include "broker/history/history_records.h"
#include "broker/history/hold.h"
#include "broker/history/lru_table.h"

namespace flowbroker::history {

/// What is known of each family as a whole on each network: held once three of its prefixes are, with no success of
/// that family between; forgotten at the first success, or a lifetime after the last evidence. Pure; the owner
/// serialises access.
class FamilyHistory {
 public:
  explicit FamilyHistory(HistoryOptions options = {});

  void RecordSuccess(const FamilyKey& family, TimePoint now);
  void RecordFailure(const FamilyKey& family, TimePoint now);
  /// `prefix` of that family is held, and something inside it has just failed.
  void RecordHeld(const FamilyKey& family, const IpAddress& prefix, const Hold::Cause& cause, TimePoint now);

  /// Null where it is not held. Valid until the next call that changes something.
  const Hold* HoldOf(const FamilyKey& family, TimePoint now) const;
  Hold* HoldOf(const FamilyKey& family, TimePoint now);

  /// How probably an attempt in the family succeeds.
  double Probability(const FamilyKey& family, TimePoint now) const;

  void ForgetAll() { families_.Clear(); }

  std::vector<FamilyRecordData> Export() const;
  void Import(const std::vector<FamilyRecordData>& records);

 private:
  HistoryOptions options_;
  LruTable<FamilyKey, FamilyRecord> families_;
};

}  // namespace flowbroker::history
