#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// How Acquires ended and how long they took. One that a flow in the pool answers at once costs one addition: it took
/// no time, so its place in the histogram is known, and everything else is worked out when somebody looks. Any thread.
class AcquireMetrics final : public prometheus::Collectable {
 public:
  AcquireMetrics();

  void Count(const engine::AnsweredAcquire& acquire);
  void CountWaiting(int change) { waiting_->Increment(change); }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  prometheus::Registry registry_;
  std::array<std::array<prometheus::Histogram*, 2>, kAllSources.size()> took_{};  // by source, stale DNS
  prometheus::Histogram* took_in_vain_ = nullptr;
  std::array<prometheus::Counter*, kReasons> failures_{};
  prometheus::Counter* short_deadlines_ = nullptr;  // failures that say more of the caller than of the network
  prometheus::Gauge* waiting_ = nullptr;
  alignas(64) std::atomic<std::uint64_t> pooled_at_once_ = 0;  // alone in its cache line: every call writes to it
};

}  // namespace flowbroker::telemetry
