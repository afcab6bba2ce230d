#pragma once

#include <optional>

#include "broker/base/ip_address.h"
#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/history/history_records.h"
#include "broker/history/hold.h"

namespace flowbroker::history {

/// The families that a ReachabilityHistory tells of its prefixes and asks last. Each call is complete in itself and
/// gives copies away, so that histories which share one need no common lock: theirs is taken inside the calls.
class Families {
 public:
  virtual ~Families() = default;

  /// Whether that has ended its hold.
  virtual bool RecordSuccess(const FamilyKey& family, TimePoint now) = 0;
  virtual void RecordFailure(const FamilyKey& family, TimePoint now) = 0;
  /// `prefix` of that family is held, and something inside it has just failed.
  virtual void RecordHeld(const FamilyKey& family, const IpAddress& prefix, const Hold::Cause& cause,
                          TimePoint now) = 0;

  /// Nothing where it is not held.
  virtual std::optional<Hold> HoldOf(const FamilyKey& family, TimePoint now) const = 0;
  /// Those of its hold; false where it is not held.
  virtual bool TakeHeadStart(const FamilyKey& family, TimePoint now) = 0;
  virtual bool TakeReprobe(const FamilyKey& family, TimePoint now, RandomSource& random) = 0;

  /// How probably an attempt in the family succeeds.
  virtual double Probability(const FamilyKey& family, TimePoint now) const = 0;

  virtual void ForgetAll() = 0;
};

}  // namespace flowbroker::history
