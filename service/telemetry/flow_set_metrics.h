#pragma once

#include <array>

#include "broker/engine/flow_set_event.h"
#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// Flow sets and what happens to them. Any thread.
class FlowSetMetrics {
 public:
  explicit FlowSetMetrics(prometheus::Registry& registry)
      : sets_(&Gauges(registry, "flowbroker_flow_sets", "Flow sets that are kept.").Add({})) {
    auto& events = Counters(registry, "flowbroker_flow_set_events_total", "What happened to flow sets.");
    for (const auto kind : kKinds) events_[Index(kind)] = &events.Add({{"kind", std::string(NameOf(kind))}});
  }

  void CountSets(int change) { sets_->Increment(change); }
  void CountEvent(const engine::FlowSetEvent& event) { events_[Index(event.kind)]->Increment(); }

 private:
  using Kind = engine::FlowSetEventKind;
  /// All but the snapshot, which is one watcher's and not told to everybody.
  static constexpr std::array kKinds = {Kind::kEnsured,    Kind::kFlowUp,   Kind::kNeedsRegister,
                                        Kind::kRegistered, Kind::kFlowDown, Kind::kDeleted};

  prometheus::Gauge* sets_;
  std::array<prometheus::Counter*, kKinds.size() + 1> events_{};
};

}  // namespace flowbroker::telemetry
