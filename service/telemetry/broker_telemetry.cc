#include "service/telemetry/broker_telemetry.h"

#include <boost/json.hpp>
#include <utility>

#include "broker/net/system_clock.h"
#include "service/telemetry/request_log.h"

namespace flowbroker::telemetry {
namespace {

/// Whether the broker or the network is to blame; a caller's own mistakes and cancellations are not worth a line.
bool WorthLogging(FailureReason reason) {
  return reason != FailureReason::kInvalidArgument && reason != FailureReason::kCancelled &&
         reason != FailureReason::kShuttingDown;
}

bool IsImpaired(const history::FamilyPreference& preference) {
  return preference.preferred != preference.key.prefix.family() ||
         preference.reachability == history::Reachability::kSlow ||
         preference.reachability == history::Reachability::kUnreachable;
}

}  // namespace

void BrokerTelemetry::OnAcquired(const engine::AnsweredAcquire& acquire) {
  metrics_.acquires.Count(acquire);
  const auto& flow = acquire.result.flow;
  if (!flow && WorthLogging(flow.error().reason)) {
    LogAcquire(config::LogLevel::kWarn, "acquire_failed", acquire, failed_limiter_);
  } else if (flow && acquire.took >= slow_.load(std::memory_order_relaxed)) {
    LogAcquire(config::LogLevel::kInfo, "acquire_slow", acquire, slow_limiter_);
  }
}

void BrokerTelemetry::LogAcquire(config::LogLevel level, std::string_view event, const engine::AnsweredAcquire& acquire,
                                 TenantRateLimiter& limiter) {
  if (!log_.Enabled(level)) return;
  const RateLimiter::Verdict verdict = limiter.Take(acquire.owner.tenant, net::SystemClock().Now());
  if (!verdict.pass) return;
  boost::json::object fields = RequestFields(acquire);
  fields["took_us"] = Microseconds(acquire.took);
  if (const auto& flow = acquire.result.flow) {
    fields["flow_id"] = flow->id.ToString();
    fields["remote"] = flow->remote.ToString();
    fields["source"] = NameOf(flow->source);
  } else {
    fields["reason"] = std::string_view(ToString(flow.error().reason));
    fields["detail"] = flow.error().detail;
  }
  if (acquire.stale_dns) fields["stale_dns"] = true;
  if (verdict.suppressed > 0) fields["suppressed_before"] = verdict.suppressed;
  fields["trace"] = ToJson(acquire.story != nullptr ? (*acquire.story)() : acquire.result.trace);
  log_.Write(level, event, std::move(fields));
}

void BrokerTelemetry::OnRaceWon(const history::Path& winner, std::size_t position,
                                std::span<const history::Path> candidates) {
  metrics_.prefixes.traffic().NoteRace(winner, candidates);
  metrics_.attempts.CountWin(winner.target.family(), position);
}

void BrokerTelemetry::OnKeepAlive(flow::KeepAliveMethod method, Transport transport) {
  metrics_.flows.CountKeepAlive(method, transport);
}

void BrokerTelemetry::OnReprobe(const history::Path& /*path*/, std::optional<FailureReason> failure) {
  metrics_.attempts.CountReprobe(failure);
}

void BrokerTelemetry::OnNetworksChanged(const history::NetworkRegistry::Change& change) {
  if (!log_.Enabled(config::LogLevel::kInfo)) return;
  boost::json::array joined;
  for (const history::KnownNetwork& network : change.joined) {
    boost::json::array addresses;
    for (const history::InterfaceAddress& own : network.seen_as.addresses) {
      addresses.emplace_back(own.address.ToString() + "/" + std::to_string(own.prefix_bits));
    }
    joined.push_back({{"interface", network.seen_as.name}, {"network", network.id.value}, {"addresses", addresses}});
  }
  boost::json::array lost;
  for (const IpAddress& address : change.vanished) lost.emplace_back(address.ToString());
  log_.Write(config::LogLevel::kInfo, "networks_changed", {{"joined", joined}, {"addresses_lost", lost}});
}

void BrokerTelemetry::OnNetworksUnknown(const Failure& why) {
  log_.Write(config::LogLevel::kWarn, "networks_unknown", {{"reason", "rtnetlink: " + why.detail}});
}

void BrokerTelemetry::OnPreferenceEvent(const engine::PreferenceEvent& event) {
  metrics_.history.CountPreferenceEvent(event);
  if (const auto* changed = std::get_if<history::FamilyPreference>(&event.what)) {
    if (IsImpaired(*changed)) LogPreference(*changed);
  } else {
    LogForgotten(std::get<engine::PreferencesForgotten>(event.what));
  }
}

void BrokerTelemetry::LogPreference(const history::FamilyPreference& preference) {
  if (!log_.Enabled(config::LogLevel::kInfo)) return;
  const RateLimiter::Verdict verdict = preference_limiter_.Take(net::SystemClock().Now());
  if (!verdict.pass) return;
  boost::json::object fields;
  fields["prefix"] = IpPrefix{preference.key.prefix, preference.prefix_bits}.ToString();
  fields["transport"] = std::string_view(ToString(preference.key.transport));
  fields["network"] = preference.key.network.value;
  fields["preferred"] = std::string_view(ToString(preference.preferred));
  fields["reachability"] = std::string_view(ToString(preference.reachability));
  if (preference.failure) fields["reason"] = std::string_view(ToString(*preference.failure));
  if (verdict.suppressed > 0) fields["suppressed_before"] = verdict.suppressed;
  log_.Write(config::LogLevel::kInfo, "prefix_impaired", std::move(fields));
}

void BrokerTelemetry::LogForgotten(const engine::PreferencesForgotten& forgotten) {
  boost::json::object fields;
  fields["prefix"] = forgotten.prefix ? forgotten.prefix->ToString() : "all";
  log_.Write(config::LogLevel::kInfo, "history_reset", std::move(fields));
}

void BrokerTelemetry::OnDnsAnswer(const dns::Question& question, dns::AnswerStatus status, Duration took) {
  metrics_.dns.CountAnswer(question.type, status, took);
}

void BrokerTelemetry::OnRelayed(bool inbound, std::size_t messages, std::size_t bytes) {
  metrics_.relay.CountMessages(inbound, messages, bytes);
}

}  // namespace flowbroker::telemetry
