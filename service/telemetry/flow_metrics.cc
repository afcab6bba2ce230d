#include "service/telemetry/flow_metrics.h"

namespace flowbroker::telemetry {

FlowMetrics::FlowMetrics(prometheus::Registry& registry) {
  constexpr std::array kStateNames = {"open", "exclusive", "probing"};
  auto& open = Gauges(registry, "flowbroker_flows_open",
                      "Flows there are now: open to any caller of their owner, exclusive to one, or being probed.");
  for (const Transport transport : kAllTransports) {
    for (const AddressFamily family : kAllFamilies) {
      for (std::size_t state = 0; state < kStates; ++state) {
        open_[Index(transport)][Index(family)][state] =
            &open.Add({{"transport", LabelOf(transport)}, {"family", LabelOf(family)}, {"state", kStateNames[state]}});
      }
    }
  }
  opened_ = &Counters(registry, "flowbroker_flows_opened_total", "Flows opened.").Add({});
  auto& keep_alives = Counters(registry, "flowbroker_keep_alives_total", "Keep-alives sent on flows, by method.");
  for (const flow::KeepAliveMethod method : flow::kAllKeepAliveMethods) {
    for (const Transport transport : kAllTransports) {
      if (method == flow::KeepAliveMethod::kNone || !flow::Suits(method, transport)) continue;
      keep_alives_[Index(method)][Index(transport)] =
          &keep_alives.Add({{"method", LabelOf(method)}, {"transport", LabelOf(transport)}});
    }
  }
  auto& closed = Counters(registry, "flowbroker_flows_closed_total", "Flows closed, by reason.");
  for (std::size_t i = 0; i < kReasons; ++i) {
    closed_[i] = &closed.Add({{"reason", LabelOf(static_cast<FailureReason>(i))}});
  }
}

FlowMetrics::State FlowMetrics::StateOf(const engine::FlowView& flow, bool probing) {
  if (probing) return State::kProbing;
  return flow.exclusive ? State::kExclusive : State::kOpen;
}

prometheus::Gauge& FlowMetrics::Open(const engine::FlowView& flow, State state) {
  return *open_[Index(flow.remote.transport)][Index(flow.remote.family())][Index(state)];
}

void FlowMetrics::CountEvent(const engine::FlowEvent& event) {
  switch (event.kind) {
    case engine::FlowEventKind::kOpened:
      opened_->Increment();
      Open(event.flow, StateOf(event.flow, event.flow.probing)).Increment();
      return;
    case engine::FlowEventKind::kClosed:
      closed_[Index(event.failure ? event.failure->reason : FailureReason::kInternal)]->Increment();
      Open(event.flow, StateOf(event.flow, event.flow.probing)).Decrement();
      return;
    case engine::FlowEventKind::kMessageDropped:  // one event for many: OnMessageDropped tells of each
      return;
  }
  __builtin_unreachable();
}

void FlowMetrics::NoteProbing(const engine::FlowView& flow) {
  Open(flow, StateOf(flow, !flow.probing)).Decrement();
  Open(flow, StateOf(flow, flow.probing)).Increment();
}

}  // namespace flowbroker::telemetry
