#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/location/server_locator.h"

namespace flowbroker::location {

/// What a caller saw after one answer.
struct Glimpse {
  std::vector<LocatedTarget> targets;
  std::size_t asked = 0;
  std::size_t answered = 0;
  bool done = false;
  bool better_may_come = false;
};

/// One location from start to end.
struct LocationRun {
  std::vector<dns::Question> asked;
  std::vector<Glimpse> glimpses;  ///< the first one after Start
  std::vector<TraceStep> trace;
  Failure failure;
  TimePoint valid_until;
};

struct RunSettings {
  LocateRequest request;
  LocatorOptions options = {};
  std::uint64_t order_seed = 0;  ///< decides which outstanding question is answered next
};

/// Runs a location to its end, with SRV draws that always take the smallest number. `answer` may be asked for the same
/// question once only.
LocationRun RunLocation(const RunSettings& settings, const std::function<dns::RecordSet(const dns::Question&)>& answer);

/// "TCP 192.0.2.1:5060" of each.
std::vector<std::string> Names(const std::vector<LocatedTarget>& targets);

}  // namespace flowbroker::location
