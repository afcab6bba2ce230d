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
    auto& writes = Counters(registry, "flowbroker_flow_set_file_writes_total", "Writes of the file of flow sets.");
    written_ = &writes.Add({{"outcome", "ok"}});
    not_written_ = &writes.Add({{"outcome", "failed"}});
    for (const auto kind : kKinds) events_[Index(kind)] = &events.Add({{"kind", std::string(NameOf(kind))}});
  }

  void CountSets(int change) { sets_->Increment(change); }
  void CountEvent(const engine::FlowSetEvent& event) { events_[Index(event.kind)]->Increment(); }
  void CountWrite(bool written) { (written ? written_ : not_written_)->Increment(); }

 private:
  using Kind = engine::FlowSetEventKind;
  /// All but the snapshot, which is one watcher's and not told to everybody.
  static constexpr std::array kKinds = {Kind::kEnsured,    Kind::kFlowUp,   Kind::kNeedsRegister,
                                        Kind::kRegistered, Kind::kFlowDown, Kind::kDeleted};

  prometheus::Gauge* sets_;
  prometheus::Counter* written_ = nullptr;
  prometheus::Counter* not_written_ = nullptr;
  std::array<prometheus::Counter*, kKinds.size() + 1> events_{};
};

}  // namespace flowbroker::telemetry
