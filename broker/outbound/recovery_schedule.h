#pragma once

#include <cstdint>

#include "broker/base/random_source.h"
#include "broker/base/time.h"

namespace flowbroker::outbound {

/// The three numbers of draft-ietf-sip-outbound-02 s.4.5 (O7), and RFC 5626 s.4.5.
struct RecoverySchedule {
  Duration longest_wait = std::chrono::seconds(1800);  ///< "max-time"
  Duration base_all_failed =
      std::chrono::seconds(30);  ///< all flows of the set are down: nobody can be called, so hurry
  Duration base_not_failed = std::chrono::seconds(90);  ///< another flow of the set is up: no need to hurry
};

/// How long to wait at most before the next try: min(longest, base * 2^failures), for any number of failures.
/// @pre all numbers of the schedule are positive
Duration RecoveryWait(const RecoverySchedule& schedule, bool all_flows_down, std::uint32_t consecutive_failures);

/// How long to wait: "a uniform random time between 50 and 100 percent of the wait time", so that those who lost their
/// flows together do not come back together (O8).
Duration RecoveryDelay(Duration wait, RandomSource& random);

}  // namespace flowbroker::outbound
