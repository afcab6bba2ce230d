#pragma once

#include <atomic>
#include <string>

#include "broker/engine/broker_observer.h"
#include "service/telemetry/broker_metrics.h"
#include "service/telemetry/json_log.h"
#include "service/telemetry/rate_limiter.h"

namespace flowbroker::telemetry {

/// What the process tells about its broker: counts everything, and logs slow and failed Acquires with their trace, at
/// most 20 at once and one a second of each kind, as well as prefixes that are held or lost to the other family, and
/// the coming and going of networks.
class BrokerTelemetry final : public engine::BrokerObserver {
 public:
  /// `log` must outlive it.
  BrokerTelemetry(JsonLog& log, Duration slow) : log_(log), slow_(slow) {}

  /// Acquires that took longer are logged.
  void SetSlow(Duration slow) { slow_.store(slow, std::memory_order_relaxed); }

  void OnAcquired(const engine::AcquireResult& result, Duration took) override;
  void OnAttempt(const history::AttemptOutcome& outcome) override { metrics_.CountAttempt(outcome); }
  void OnFlowEvent(const engine::FlowEvent& event) override { metrics_.CountFlowEvent(event); }
  void OnDnsAnswer(const dns::Question& question, dns::AnswerStatus status, Duration took) override;
  void OnRelayed(bool inbound, std::size_t messages, std::size_t bytes) override;
  void OnLimit(engine::Limit limit) override { metrics_.CountLimit(limit); }
  void OnPreferenceEvent(const engine::PreferenceEvent& event) override;
  void OnReport(engine::TransactionReport::Outcome outcome, bool known_flow) override {
    metrics_.history().CountReport(outcome, known_flow);
  }
  void OnNetworksChanged(const history::NetworkRegistry::Change& change) override;
  void OnNetworksUnknown(const Failure& why) override;

  const BrokerMetrics& metrics() const { return metrics_; }
  BrokerMetrics& metrics() { return metrics_; }  ///< for what the broker does not tell

 private:
  void LogPreference(const history::FamilyPreference& preference);
  void LogForgotten(const engine::PreferencesForgotten& forgotten);
  void LogAcquire(config::LogLevel level, std::string_view event, const engine::AcquireResult& result, Duration took,
                  RateLimiter& limiter);

  JsonLog& log_;
  std::atomic<Duration> slow_;
  BrokerMetrics metrics_;
  RateLimiter slow_limiter_{20, std::chrono::seconds(1)};
  RateLimiter failed_limiter_{20, std::chrono::seconds(1)};
  RateLimiter preference_limiter_{20, std::chrono::seconds(1)};
};

}  // namespace flowbroker::telemetry
