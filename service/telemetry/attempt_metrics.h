#pragma once

#include <array>
#include <cstddef>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// How attempts, races and re-probes ended, and how quickly peers answered. Every series is made at the start, so that
/// counting is an array access and an addition. Any thread.
class AttemptMetrics {
 public:
  explicit AttemptMetrics(prometheus::Registry& registry);

  void Count(const history::AttemptOutcome& outcome);
  /// `position`: the winner's place among the attempts of its race, from 1.
  void CountWin(AddressFamily family, std::size_t position);
  void CountReprobe(const std::optional<FailureReason>& failure) { reprobes_.Count(failure); }

 private:
  static constexpr std::size_t kPositions = 4;  // the last one: all others

  template <typename T>
  using PerFamily = std::array<T, kAllFamilies.size()>;

  PerFamily<std::array<std::array<OutcomeCounters, kAllStages.size()>, kAllTransports.size()>> attempts_{};
  PerFamily<std::array<prometheus::Histogram*, kAllStages.size()>> round_trips_{};
  PerFamily<std::array<prometheus::Counter*, kPositions>> wins_{};
  OutcomeCounters reprobes_;
};

}  // namespace flowbroker::telemetry
