#pragma once

#include <array>
#include <cstddef>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// SIP messages that passed, and where they could not. Any thread.
class RelayMetrics {
 public:
  explicit RelayMetrics(prometheus::Registry& registry);

  void CountMessages(bool inbound, std::size_t messages, std::size_t bytes);
  void CountDrop() { dropped_->Increment(); }
  void CountBackPressure() { back_pressure_->Increment(); }
  void CountUnsent(std::size_t datagrams) { unsent_->Increment(static_cast<double>(datagrams)); }
  void CountUnread(std::size_t datagrams) { unread_->Increment(static_cast<double>(datagrams)); }
  void CountStreams(int change) { streams_->Increment(change); }

 private:
  std::array<prometheus::Counter*, 2> messages_{};  // outbound, inbound
  std::array<prometheus::Counter*, 2> bytes_{};
  prometheus::Counter* dropped_;
  prometheus::Counter* back_pressure_;
  prometheus::Counter* unsent_;
  prometheus::Counter* unread_;
  prometheus::Gauge* streams_;
};

}  // namespace flowbroker::telemetry
