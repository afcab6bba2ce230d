#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// Flows there are, and their coming and going. Any thread.
class FlowMetrics {
 public:
  explicit FlowMetrics(prometheus::Registry& registry);

  void CountEvent(const engine::FlowEvent& event);
  void CountKeepAlive(flow::KeepAliveMethod method, Transport transport) {
    keep_alives_[Index(method)][Index(transport)]->Increment();
  }
  /// A probe of the flow has begun, or is over.
  void NoteProbing(const engine::FlowView& flow);

 private:
  enum class State : std::uint8_t {
    kOpen,       ///< may be given to anybody
    kExclusive,  ///< belongs to one caller
    kProbing,    ///< is asked whether it lives, whoever it belongs to
  };
  static constexpr std::size_t kStates = 3;

  static State StateOf(const engine::FlowView& flow, bool probing);
  prometheus::Gauge& Open(const engine::FlowView& flow, State state);

  std::array<std::array<std::array<prometheus::Gauge*, kStates>, kAllFamilies.size()>, kAllTransports.size()> open_{};
  prometheus::Counter* opened_ = nullptr;
  /// Where the transport has the method; else null.
  std::array<std::array<prometheus::Counter*, kAllTransports.size()>, flow::kAllKeepAliveMethods.size()> keep_alives_{};
  std::array<prometheus::Counter*, kReasons> closed_{};
};

}  // namespace flowbroker::telemetry
