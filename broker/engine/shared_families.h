#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "broker/history/family_history.h"

namespace flowbroker::engine {

/// The FamilyHistory of the whole broker, which all stripes of memory share. Thread-safe; its lock is held for one call
/// only, and nothing else is done under it.
class SharedFamilies final : public history::Families {
 public:
  explicit SharedFamilies(const history::HistoryOptions& options) : families_(options) {}

  bool RecordSuccess(const history::FamilyKey& family, TimePoint now) override {
    const std::lock_guard lock(mutex_);
    return families_.RecordSuccess(family, now);
  }
  void RecordFailure(const history::FamilyKey& family, TimePoint now) override {
    const std::lock_guard lock(mutex_);
    families_.RecordFailure(family, now);
  }
  void RecordHeld(const history::FamilyKey& family, const IpAddress& prefix, const history::Hold::Cause& cause,
                  TimePoint now) override {
    const std::lock_guard lock(mutex_);
    families_.RecordHeld(family, prefix, cause, now);
  }
  std::optional<history::Hold> HoldOf(const history::FamilyKey& family, TimePoint now) const override {
    const std::lock_guard lock(mutex_);
    return families_.HoldOf(family, now);
  }
  bool TakeHeadStart(const history::FamilyKey& family, TimePoint now) override {
    const std::lock_guard lock(mutex_);
    return families_.TakeHeadStart(family, now);
  }
  bool TakeReprobe(const history::FamilyKey& family, TimePoint now, RandomSource& random) override {
    const std::lock_guard lock(mutex_);
    return families_.TakeReprobe(family, now, random);
  }
  double Probability(const history::FamilyKey& family, TimePoint now) const override {
    const std::lock_guard lock(mutex_);
    return families_.Probability(family, now);
  }
  void ForgetAll() override {
    const std::lock_guard lock(mutex_);
    families_.ForgetAll();
  }

  std::vector<history::FamilyRecordData> Export() const {
    const std::lock_guard lock(mutex_);
    return families_.Export();
  }
  void Import(const std::vector<history::FamilyRecordData>& records) {
    const std::lock_guard lock(mutex_);
    families_.Import(records);
  }

 private:
  mutable std::mutex mutex_;
  history::FamilyHistory families_;
};

}  // namespace flowbroker::engine
