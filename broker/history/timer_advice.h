#pragma once

#include <optional>

#include "broker/base/time.h"
#include "broker/history/rtt_estimate.h"

namespace flowbroker::history {

/// SIP transaction timers for one target (S11; RFC 3261 s.17.1).
struct TimerAdvice {
  Duration t1;       ///< RTT estimate for retransmissions
  Duration timer_b;  ///< INVITE transaction time-out, 64*T1
  Duration timer_f;  ///< non-INVITE transaction time-out, 64*T1
};

struct TimerAdviceOptions {
  bool below_500ms = true;  ///< whether T1 may go under the standard's 500 ms for targets known to be near
};

/// T1 = clamp(SRTT + 4*RTTVAR, 100 ms, 500 ms), SRTT itself where that is more than 500 ms, 500 ms without samples.
TimerAdvice AdviseTimers(const std::optional<RttEstimate>& estimate, const TimerAdviceOptions& options);

}  // namespace flowbroker::history
