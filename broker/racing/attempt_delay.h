#pragma once

#include <optional>

#include "broker/base/time.h"
#include "broker/history/rtt_estimate.h"

namespace flowbroker::racing {

struct AttemptDelayOptions {
  Duration without_estimate = std::chrono::milliseconds(200);    ///< H7 asks for 150-250 ms
  Duration min_own_samples = std::chrono::milliseconds(10);      ///< d_min where the target itself has samples
  Duration min_prefix_samples = std::chrono::milliseconds(100);  ///< d_min where only its prefix has
  Duration max_uncertain = std::chrono::milliseconds(250);       ///< d_max while reachability is uncertain
  Duration max_trusted = std::chrono::seconds(2);                ///< d_max where it is trusted
};

/// What is known about the stage just started.
struct StageExpectation {
  history::RttEstimate estimate;
  bool of_target;  ///< own samples of the target; false: only of its prefix
  bool trusted;    ///< recently reachable
};

/// d = clamp(max(1.5*SRTT, SRTT + 4*RTTVAR), d_min, d_max); see design of racing for why the variance term is there.
Duration AttemptDelay(const std::optional<StageExpectation>& expectation, const AttemptDelayOptions& options);

}  // namespace flowbroker::racing
