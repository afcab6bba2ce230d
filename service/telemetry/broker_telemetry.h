#pragma once

#include <atomic>
#include <string>

#include "broker/engine/broker_observer.h"
#include "service/telemetry/broker_metrics.h"
#include "service/telemetry/json_log.h"
#include "service/telemetry/rate_limiter.h"

namespace flowbroker::telemetry {

/// What the process tells about its broker: counts everything, and logs slow and failed Acquires with their trace, at
/// most 20 at once and one a second of each kind and group of tenants, as well as prefixes that are held or lost to the
/// other family, and the coming and going of networks.
class BrokerTelemetry final : public engine::BrokerObserver {
 public:
  /// `log` must outlive it.
  BrokerTelemetry(JsonLog& log, Duration slow, PrefixOptions prefixes = {})
      : log_(log), slow_(slow), metrics_(prefixes) {}

  /// Acquires that took longer are logged.
  void SetSlow(Duration slow) { slow_.store(slow, std::memory_order_relaxed); }

  void OnAcquired(const engine::AnsweredAcquire& acquire) override;
  void OnRequestsWaiting(int change) override { metrics_.acquires.CountWaiting(change); }
  void OnRaceWon(const history::Path& winner, std::size_t position, std::span<const history::Path> candidates) override;
  void OnKeepAlive(flow::KeepAliveMethod method, Transport transport) override;
  void OnReprobe(const history::Path& path, std::optional<FailureReason> failure) override;
  void OnAttempt(const history::AttemptOutcome& outcome) override { metrics_.attempts.Count(outcome); }
  void OnFlowEvent(const engine::FlowEvent& event) override { metrics_.flows.CountEvent(event); }
  void OnFlowProbing(const engine::FlowView& flow) override { metrics_.flows.NoteProbing(flow); }
  std::shared_ptr<flow::AcquireCount> CountOf(const history::Path& path) override {
    return metrics_.prefixes.traffic().CountOf(path);
  }
  void OnDnsAnswer(const dns::Question& question, dns::AnswerStatus status, Duration took) override;
  void OnDnsLookup(engine::DnsLookup lookup) override { metrics_.dns.CountLookup(lookup); }
  void OnRelayed(bool inbound, std::size_t messages, std::size_t bytes) override;
  void OnBackPressure() override { metrics_.relay.CountBackPressure(); }
  void OnMessageDropped() override { metrics_.relay.CountDrop(); }
  void OnDatagramsUnsent(std::size_t count) override { metrics_.relay.CountUnsent(count); }
  void OnDatagramsUnread(std::size_t count) override { metrics_.relay.CountUnread(count); }
  void OnRelayStreams(int change) override { metrics_.relay.CountStreams(change); }
  void OnFlowSets(int change) override { metrics_.flow_sets.CountSets(change); }
  void OnFlowSetEvent(const engine::FlowSetEvent& event) override { metrics_.flow_sets.CountEvent(event); }
  void OnHandoff(net::HandoffOutcome outcome) override { metrics_.handoffs.Count(outcome); }
  void OnLimit(engine::Limit limit) override { metrics_.limits.Count(limit); }
  void OnPreferenceEvent(const engine::PreferenceEvent& event) override;
  void OnReport(engine::TransactionReport::Outcome outcome, bool known_flow) override {
    metrics_.history.CountReport(outcome, known_flow);
  }
  void OnNetworksChanged(const history::NetworkRegistry::Change& change) override;
  void OnNetworksUnknown(const Failure& why) override;

  BrokerMetrics& metrics() { return metrics_; }  ///< for what the broker does not tell

 private:
  void LogPreference(const history::FamilyPreference& preference);
  void LogForgotten(const engine::PreferencesForgotten& forgotten);
  void LogAcquire(config::LogLevel level, std::string_view event, const engine::AnsweredAcquire& acquire,
                  TenantRateLimiter& limiter);

  JsonLog& log_;
  std::atomic<Duration> slow_;
  BrokerMetrics metrics_;
  TenantRateLimiter slow_limiter_{20, std::chrono::seconds(1)};
  TenantRateLimiter failed_limiter_{20, std::chrono::seconds(1)};
  RateLimiter preference_limiter_{20, std::chrono::seconds(1)};
};

}  // namespace flowbroker::telemetry
