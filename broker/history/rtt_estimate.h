#pragma once

#include <cstdint>

#include "broker/base/time.h"

namespace flowbroker::history {

/// Smoothed round-trip time and its variation (Jacobson; RFC 6298 s.2: alpha 1/8, beta 1/4). Kept in whole
/// microseconds, of which the 32 bits hold 71 minutes: memory has millions of these.
class RttEstimate {
 public:
  RttEstimate() = default;
  /// What an estimate showed before, e.g. in a snapshot.
  RttEstimate(Duration smoothed, Duration variation, std::uint32_t samples);

  void AddSample(Duration sample);

  bool has_samples() const { return samples_ > 0; }
  std::uint32_t samples() const { return samples_; }
  Duration smoothed() const { return std::chrono::microseconds(smoothed_us_); }    ///< SRTT; zero without samples
  Duration variation() const { return std::chrono::microseconds(variation_us_); }  ///< RTTVAR; half of the first sample

 private:
  std::uint32_t smoothed_us_ = 0;
  std::uint32_t variation_us_ = 0;
  std::uint32_t samples_ = 0;
};

}  // namespace flowbroker::history
