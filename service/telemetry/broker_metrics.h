#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "broker/engine/broker_observer.h"
#include "service/telemetry/history_metrics.h"
#include "service/telemetry/reload_metrics.h"

namespace flowbroker::telemetry {

/// The broker's metrics. Every series that can occur is made at the start, so that counting is an array access and an
/// atomic addition: no map, no lock. Any thread.
class BrokerMetrics {
 public:
  BrokerMetrics();

  void CountAcquire(const engine::AcquireResult& result, Duration took);
  void CountAttempt(const history::AttemptOutcome& outcome);
  void CountFlowEvent(const engine::FlowEvent& event);
  void CountDnsAnswer(dns::RecordType type, dns::AnswerStatus status);
  void CountRelayed(bool inbound, std::size_t messages, std::size_t bytes);
  void CountLimit(engine::Limit limit);
  /// The snapshot of memory was written: `octets`, `took` from reading memory to the disk, `at` since 1970.
  void RecordHistoryWrite(std::size_t octets, Duration took, std::chrono::nanoseconds at);
  void CountFailedHistoryWrite();

  /// Those of memory.
  HistoryMetrics& history() { return history_; }

  /// Those of settings and certificates read again.
  ReloadMetrics& reloads() { return reloads_; }

  /// All series in the text format of Prometheus.
  std::string Text() const;

 private:
  static constexpr std::size_t kReasons = static_cast<std::size_t>(FailureReason::kInternal) + 1;
  static constexpr std::size_t kSources = 4;
  static constexpr std::size_t kTransports = 3;
  static constexpr std::size_t kFamilies = 2;
  static constexpr std::size_t kStages = 3;
  static constexpr std::size_t kRecordTypes = 4;
  static constexpr std::size_t kStatuses = 6;
  static constexpr std::size_t kLimits = 9;

  /// One counter per failure reason, and one for success.
  struct ByOutcome {
    prometheus::Counter* ok = nullptr;
    std::array<prometheus::Counter*, kReasons> failed{};
    void Count(const std::optional<FailureReason>& failure);
  };

  ByOutcome MakeByOutcome(prometheus::Family<prometheus::Counter>& family, const prometheus::Labels& labels);
  void MakeAcquires();
  void MakeAttempts();
  void MakeFlows();
  void MakeDns();
  void MakeRelayed();
  void MakeLimits();
  void MakeHistoryFile();

  prometheus::Registry registry_;
  HistoryMetrics history_{registry_};
  ReloadMetrics reloads_{registry_};
  std::array<prometheus::Counter*, kSources> acquired_{};
  std::array<prometheus::Counter*, kReasons> acquire_failed_{};
  std::array<prometheus::Histogram*, kSources> acquire_time_{};  // null for pooled: nothing was waited for
  std::array<std::array<std::array<ByOutcome, kStages>, kTransports>, kFamilies> attempts_{};
  prometheus::Counter* flows_opened_ = nullptr;
  std::array<prometheus::Counter*, kReasons> flows_closed_{};
  prometheus::Counter* messages_dropped_ = nullptr;
  prometheus::Gauge* flows_open_ = nullptr;
  std::array<std::array<prometheus::Counter*, kStatuses>, kRecordTypes> dns_answers_{};
  std::array<prometheus::Counter*, 2> relayed_messages_{};  // outbound, inbound
  std::array<prometheus::Counter*, 2> relayed_bytes_{};
  std::array<prometheus::Counter*, kLimits> limits_{};
  prometheus::Counter* history_written_ = nullptr;
  prometheus::Counter* history_not_written_ = nullptr;
  prometheus::Gauge* history_written_at_ = nullptr;
  prometheus::Gauge* history_octets_ = nullptr;
  prometheus::Gauge* history_write_seconds_ = nullptr;
};

}  // namespace flowbroker::telemetry
