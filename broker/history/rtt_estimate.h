#pragma once

#include <cstdint>

#include "broker/base/time.h"

namespace flowbroker::history {

/// Smoothed round-trip time and its variation (Jacobson; RFC 6298 s.2: alpha 1/8, beta 1/4).
class RttEstimate {
 public:
  void AddSample(Duration sample);

  bool has_samples() const { return samples_ > 0; }
  std::uint32_t samples() const { return samples_; }
  Duration smoothed() const { return smoothed_; }    ///< SRTT; zero without samples
  Duration variation() const { return variation_; }  ///< RTTVAR; half the first sample after one sample

 private:
  Duration smoothed_{0};
  Duration variation_{0};
  std::uint32_t samples_ = 0;
};

}  // namespace flowbroker::history
