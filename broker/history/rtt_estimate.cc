#include "broker/history/rtt_estimate.h"

#include <algorithm>
#include <limits>

namespace flowbroker::history {

void RttEstimate::AddSample(Duration sample) {
  const Duration r = std::max(sample, Duration::zero());
  if (samples_ == 0) {
    // RFC 6298 s.2.2: "SRTT <- R, RTTVAR <- R/2"
    smoothed_ = r;
    variation_ = r / 2;
  } else {
    // RFC 6298 s.2.3: "RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|", then
    // "SRTT <- (1 - alpha) * SRTT + alpha * R'"; alpha 1/8, beta 1/4.
    variation_ += (std::chrono::abs(smoothed_ - r) - variation_) / 4;
    smoothed_ += (r - smoothed_) / 8;
  }
  if (samples_ < std::numeric_limits<std::uint32_t>::max()) ++samples_;
}

}  // namespace flowbroker::history
