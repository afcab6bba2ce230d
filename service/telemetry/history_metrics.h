#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <cstddef>
#include <mutex>

#include "broker/engine/acquire.h"
#include "broker/engine/history_query.h"
#include "broker/engine/preference_event.h"

namespace flowbroker::telemetry {

/// Counts what memory learns of its own accord and from reports. Every series is made at the start. Any thread.
class HistoryMetrics {
 public:
  explicit HistoryMetrics(prometheus::Registry& registry);

  void CountPreferenceEvent(const engine::PreferenceEvent& event);
  void CountReport(engine::TransactionReport::Outcome outcome, bool known_flow);
  /// Shows how full memory is. The counts never fall, and only rise by what came since the last call.
  void ShowOccupancy(const engine::HistoryOccupancy& occupancy);

 private:
  static constexpr std::size_t kFamilies = 2;
  static constexpr std::size_t kOutcomes = 4;

  std::array<std::array<prometheus::Counter*, kFamilies>, kFamilies> changes_{};  // by family, preferred family
  prometheus::Counter* resets_ = nullptr;
  std::array<std::array<prometheus::Counter*, kOutcomes>, 2> reports_{};  // unknown flow, known; by outcome
  std::array<prometheus::Gauge*, 2> entries_{};                           // targets, prefixes
  std::array<prometheus::Counter*, 2> evicted_{};                         // targets, prefixes
  std::array<prometheus::Counter*, 3> restored_{};                        // targets, prefixes, families
  std::mutex shown_mutex_;
};

}  // namespace flowbroker::telemetry
