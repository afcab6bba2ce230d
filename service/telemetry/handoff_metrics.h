#pragma once

#include <array>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// Exchanges of tickets for descriptors. Any thread.
class HandoffMetrics {
 public:
  explicit HandoffMetrics(prometheus::Registry& registry) {
    auto& family = Counters(registry, "flowbroker_handoffs_total",
                            "Tickets presented on the handoff socket, and those not presented in time, by outcome.");
    for (const net::HandoffOutcome outcome : net::kAllHandoffOutcomes) {
      exchanges_[Index(outcome)] = &family.Add({{"outcome", std::string(NameOf(outcome))}});
    }
  }

  void Count(net::HandoffOutcome outcome) { exchanges_[Index(outcome)]->Increment(); }

 private:
  std::array<prometheus::Counter*, net::kAllHandoffOutcomes.size()> exchanges_{};
};

}  // namespace flowbroker::telemetry
