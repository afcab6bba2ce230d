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
/// Each record has a credit. A request divides one credit among the records that *take part*, by weight; the record
/// that serves it pays one. The record with the largest credit is next. Those take part that are usable and of the
/// lowest priority with a usable record. A record that becomes usable again begins in the middle of those of its
/// priority that stayed usable: downtime is not repaid in a burst.
class ShareLedger {
 public:
  /// The most requests that a record may be behind or ahead; what goes beyond is forgotten. Enough for the requests in
  /// flight whose races all end at one record, and little enough that a record which lost its races for hours and then
  /// wins them does not get all traffic for longer than some 200 requests.
  static constexpr double kLargestCredit = 100;

  /// Records in any order. Whose turn is first is drawn by weight, so that a restarted broker does not always begin
  /// with the same record.
  ShareLedger(std::vector<ShareRecord> records, RandomSource& random);

  const std::vector<ShareRecord>& records() const { return records_; }

  /// Says which records can be used now: reachable and responsive. Where none is, all count as usable.
  /// @pre one flag per record
  void SetUsable(const std::vector<bool>& usable);

  /// The record that the next request should go to.
  /// @pre there is a record
  std::size_t Next() const;

  /// A request was served by `record`, whether or not it was the one that Next named. One that takes no part owes
  /// nobody anything.
  void Served(std::size_t record);

  /// Undoes one Served: the request ended without a flow, or with one to another record.
  void TakeBack(std::size_t record);

 private:
  void Count(std::size_t record, double requests);
  void PlaceReturning(const std::vector<bool>& now_usable);
  void DivideShares();

  std::vector<ShareRecord> records_;
  std::vector<double> credits_;
  std::vector<bool> usable_;       // as told, or all where none is
  std::vector<bool> taking_part_;  // usable, and of the lowest priority that has a usable one
  std::vector<double> shares_;     // of the records that take part; they add up to 1
};

/// Which records are responsive (S7): all but those whose round-trip time is more than a second and more than 10 times
/// the median of the known ones. Unknown times count as responsive.
std::vector<bool> Responsive(const std::vector<std::optional<Duration>>& smoothed_rtts);

}  // namespace flowbroker::history
