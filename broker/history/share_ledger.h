#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/random_source.h"
#include "broker/base/time.h"

namespace flowbroker::history {

/// One SRV record as far as shares are concerned.
struct ShareRecord {
  std::uint16_t priority;
  std::uint16_t weight;
  std::string host;
  std::uint16_t port;
  friend bool operator==(const ShareRecord&, const ShareRecord&) = default;
};

/// Sees to it that the records of one SRV owner name get the traffic that RFC 2782 promises them, over any longer time
/// and whatever existing flows or won races suggest (S5, S7). Pure; one thread at a time.
///
/// Each record has a credit. A request divides one credit among the *usable* records of the lowest priority that has
/// one, by weight; the record that serves it pays one. The record with the largest credit is next. A record that is not
/// usable earns nothing, and what it had is gone when it returns: downtime is not repaid in a burst.
class ShareLedger {
 public:
  /// Records in any order; starts at a random point of the cycle, so that a restarted broker does not always begin with
  /// the same record.
  ShareLedger(std::vector<ShareRecord> records, RandomSource& random);

  const std::vector<ShareRecord>& records() const { return records_; }

  /// Says which records can be used now: reachable and responsive. One flag per record. Where none is, all count as
  /// usable.
  void SetUsable(const std::vector<bool>& usable);

  /// The record that the next request should go to.
  /// @pre there is a record
  std::size_t Next() const;

  /// A request was served by `record`, whether or not it was the one that Next named.
  void Served(std::size_t record);

 private:
  bool TakesPart(std::size_t record) const { return taking_part_[record]; }

  std::vector<ShareRecord> records_;
  std::vector<double> credits_;
  std::vector<double> shares_;     // of the records that take part; they add up to 1
  std::vector<bool> taking_part_;  // usable, and of the lowest priority that has a usable one
};

/// Which records are responsive (S7): all but those whose round-trip time is more than a second and more than 10 times
/// the median of the known ones. Unknown times count as responsive.
std::vector<bool> Responsive(const std::vector<std::optional<Duration>>& smoothed_rtts);

}  // namespace flowbroker::history
