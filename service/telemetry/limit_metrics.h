#pragma once

#include <array>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// Configured limits that were hit. Any thread.
class LimitMetrics {
 public:
  explicit LimitMetrics(prometheus::Registry& registry) {
    auto& family = Counters(registry, "flowbroker_limits_hit_total", "Times that a configured limit was hit.");
    for (const engine::Limit limit : kAllLimits) {
      hits_[Index(limit)] = &family.Add({{"limit", std::string(NameOf(limit))}});
    }
  }

  void Count(engine::Limit limit) { hits_[Index(limit)]->Increment(); }

 private:
  std::array<prometheus::Counter*, kAllLimits.size()> hits_{};
};

}  // namespace flowbroker::telemetry
