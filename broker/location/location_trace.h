#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/trace.h"
#include "broker/location/server_locator.h"

namespace flowbroker::location {

/// "2 records, TTL 300 s", "no such name, TTL 60 s", "timed out".
std::string DescribeAnswer(const dns::Question& question, const dns::RecordSet& answer);

/// The failure that an answer with DNS trouble stands for.
/// @pre IsDnsTrouble(status)
FailureReason FailureOf(dns::AnswerStatus status);

/// Writes the story of one location.
class LocationTrace {
 public:
  void Asked(const dns::Question& question, TimePoint now);
  void Answered(const dns::Question& question, const dns::RecordSet& answer, AnswerOrigin origin, TimePoint now);
  /// A decision taken without I/O.
  void Decided(std::string_view subject, std::string reason, TimePoint now);
  /// A decision that ends the search, or a part of it, without a target.
  void Failed(std::string_view subject, const Failure& failure, TimePoint now);
  /// The final order.
  void Ordered(const std::vector<LocatedTarget>& targets, TimePoint now);

  const std::vector<TraceStep>& steps() const { return steps_; }

 private:
  std::vector<TraceStep> steps_;
  std::map<dns::Question, std::size_t> questions_;  // where each question stands in steps_
};

}  // namespace flowbroker::location
