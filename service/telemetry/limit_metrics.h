#pragma once

#include <array>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// Configured limits that were hit. Any thread.
class LimitMetrics {
 public:
  static constexpr const char* kName = "flowbroker_limits_hit_total";
  static constexpr const char* kHelp = "Times that a configured limit was hit.";

  explicit LimitMetrics(prometheus::Registry& registry) {
    auto& family = Counters(registry, kName, kHelp);
    for (const engine::Limit limit : kAllLimits) {
      hits_[Index(limit)] = &family.Add({{"limit", std::string(NameOf(limit))}});
    }
  }

  void Count(engine::Limit limit) { hits_[Index(limit)]->Increment(); }

 private:
  std::array<prometheus::Counter*, kAllLimits.size()> hits_{};
};

}  // namespace flowbroker::telemetry
