#pragma once

#include "broker/base/time.h"
#include "broker/history/history_options.h"

namespace flowbroker::history {

/// Successes and failures of one thing as weights that fade: those of a half-life ago count half. Together they are the
/// two parameters of a Beta distribution. Plain data, so that a snapshot can hold it.
struct Evidence {
  float successes = 0;  ///< weight at `at`
  float failures = 0;   ///< weight at `at`
  TimePoint at{};       ///< of the newest; without meaning while both weights are zero

  void Add(bool success, TimePoint now, const HistoryOptions& options);

  /// How probably the next attempt succeeds: the mean of the Beta distribution, shrunk towards `prior`, which counts as
  /// one attempt. Just `prior` where there was no evidence for a whole lifetime (S6).
  double Probability(double prior, TimePoint now, const HistoryOptions& options) const;
};

}  // namespace flowbroker::history
