#pragma once

#include <optional>
#include <vector>

#include "broker/base/time.h"
#include "broker/history/families.h"
#include "broker/history/history_options.h"
#include "broker/history/history_records.h"
#include "broker/history/hold.h"
#include "broker/history/lru_table.h"

namespace flowbroker::history {

/// What is known of each family as a whole on each network: held once three of its prefixes are, with no success of
/// that family between; forgotten at the first success, or a lifetime after the last evidence. Pure; the owner
/// serialises access.
class FamilyHistory final : public Families {
 public:
  explicit FamilyHistory(HistoryOptions options = {});

  bool RecordSuccess(const FamilyKey& family, TimePoint now) override;
  void RecordFailure(const FamilyKey& family, TimePoint now) override;
  void RecordHeld(const FamilyKey& family, const IpAddress& prefix, const Hold::Cause& cause, TimePoint now) override;
  std::optional<Hold> HoldOf(const FamilyKey& family, TimePoint now) const override;
  bool TakeHeadStart(const FamilyKey& family, TimePoint now) override;
  bool TakeReprobe(const FamilyKey& family, TimePoint now, RandomSource& random) override;
  double Probability(const FamilyKey& family, TimePoint now) const override;
  void ForgetAll() override { families_.Clear(); }

  std::vector<FamilyRecordData> Export() const;
  void Import(const std::vector<FamilyRecordData>& records);

 private:
  bool IsHeld(const FamilyRecord* record, TimePoint now) const;

  HistoryOptions options_;
  LruTable<FamilyKey, FamilyRecord> families_;
};

}  // namespace flowbroker::history
