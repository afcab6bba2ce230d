#include "broker/history/rtt_estimate.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace flowbroker::history {
namespace {

using Limits = std::numeric_limits<std::uint32_t>;

/// Negative ones count as zero, absurdly long ones as the longest.
std::int64_t Microseconds(Duration duration) {
  return std::clamp<std::int64_t>(std::chrono::round<std::chrono::microseconds>(duration).count(), 0, Limits::max());
}

std::uint32_t Kept(std::int64_t microseconds) {
  return static_cast<std::uint32_t>(microseconds);
}

}  // namespace

RttEstimate::RttEstimate(Duration smoothed, Duration variation, std::uint32_t samples)
    : smoothed_us_(Kept(Microseconds(smoothed))), variation_us_(Kept(Microseconds(variation))), samples_(samples) {}

void RttEstimate::AddSample(Duration sample) {
  const std::int64_t r = Microseconds(sample);
  if (samples_ == 0) {
    // RFC 6298 s.2.2: "SRTT <- R, RTTVAR <- R/2"
    smoothed_us_ = Kept(r);
    variation_us_ = Kept(r / 2);
  } else {
    // RFC 6298 s.2.3: "RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|", then
    // "SRTT <- (1 - alpha) * SRTT + alpha * R'"; alpha 1/8, beta 1/4.
    const std::int64_t smoothed = smoothed_us_;
    const std::int64_t variation = variation_us_;
    variation_us_ = Kept(variation + (std::max(smoothed - r, r - smoothed) - variation) / 4);
    smoothed_us_ = Kept(smoothed + (r - smoothed) / 8);
  }
  if (samples_ < Limits::max()) ++samples_;
}

}  // namespace flowbroker::history
