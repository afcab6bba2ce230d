#pragma once

// Short ways to make series.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <optional>

#include "broker/base/time.h"
#include "service/telemetry/labels.h"

namespace flowbroker::telemetry {

using CounterFamily = prometheus::Family<prometheus::Counter>;
using GaugeFamily = prometheus::Family<prometheus::Gauge>;
using HistogramFamily = prometheus::Family<prometheus::Histogram>;

inline CounterFamily& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
inline GaugeFamily& Gauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
inline HistogramFamily& Histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

inline double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// From a packet within the data centre to one round trip lost, and lost again.
inline const prometheus::Histogram::BucketBoundaries kRoundTripBounds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
/// From one round trip to Timer B of RFC 3261, after which callers gave up.
inline const prometheus::Histogram::BucketBoundaries kAcquireBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                                       0.25,  0.5,    1,     2.5,  5,     10,   32};

/// One counter per failure reason, and one for success.
class OutcomeCounters {
 public:
  OutcomeCounters() = default;
  OutcomeCounters(CounterFamily& family, prometheus::Labels labels);
  void Count(const std::optional<FailureReason>& failure);

 private:
  prometheus::Counter* ok_ = nullptr;
  std::array<prometheus::Counter*, kReasons> failed_{};
};

}  // namespace flowbroker::telemetry
