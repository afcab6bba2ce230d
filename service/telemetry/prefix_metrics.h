#pragma once

#include <prometheus/metric_family.h>

#include <mutex>
#include <vector>

#include "broker/engine/history_access.h"
#include "service/telemetry/prefix_traffic.h"

namespace flowbroker::telemetry {

/// Traffic and family preference of the busiest prefixes, and of all others together under the name "other". Any
/// thread.
class PrefixMetrics {
 public:
  explicit PrefixMetrics(PrefixOptions options) : options_(options), traffic_(options) {}

  PrefixTraffic& traffic() { return traffic_; }

  /// `memory` may be null: then only traffic is told. It is asked about each prefix shown; all others are looked
  /// through twice a minute at most.
  std::vector<prometheus::MetricFamily> Collect(const engine::HistoryAccess* memory, TimePoint now);

 private:
  engine::PreferenceCounts Counts(const engine::HistoryAccess& memory, TimePoint now);
  int BitsOf(const history::PrefixKey& prefix) const {
    return prefix.prefix.is_ipv4() ? options_.ipv4_bits : options_.ipv6_bits;
  }

  const PrefixOptions options_;
  PrefixTraffic traffic_;
  std::mutex mutex_;
  engine::PreferenceCounts counts_;
  TimePoint counted_ = TimePoint::min();
};

}  // namespace flowbroker::telemetry
