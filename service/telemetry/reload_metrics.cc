#include "service/telemetry/reload_metrics.h"

#include <string>

namespace flowbroker::telemetry {
namespace {

constexpr std::array kOutcomes = {"refused", "ok"};
constexpr std::array kSides = {"grpc", "sip"};

}  // namespace

ReloadMetrics::ReloadMetrics(prometheus::Registry& registry) {
  auto& config = prometheus::BuildCounter()
                     .Name("flowbroker_config_reloads_total")
                     .Help("Times that the settings were read again, by whether they could be used.")
                     .Register(registry);
  auto& certificates = prometheus::BuildCounter()
                           .Name("flowbroker_certificate_reloads_total")
                           .Help("Times that certificates were read again, by side and whether they could be used.")
                           .Register(registry);
  for (std::size_t outcome = 0; outcome < kOutcomes.size(); ++outcome) {
    config_[outcome] = &config.Add({{"outcome", kOutcomes[outcome]}});
    for (std::size_t side = 0; side < kSides.size(); ++side) {
      certificates_[side][outcome] = &certificates.Add({{"side", kSides[side]}, {"outcome", kOutcomes[outcome]}});
    }
  }
  auto& successful = prometheus::BuildGauge()
                         .Name("flowbroker_certificate_last_reload_successful")
                         .Help(
                             "1 unless the certificate of that side which was read last was refused; the one before "
                             "it is in use then.")
                         .Register(registry);
  for (std::size_t side = 0; side < kSides.size(); ++side) {
    certificates_successful_[side] = &successful.Add({{"side", kSides[side]}}, 1.0);
  }
  config_at_ = &prometheus::BuildGauge()
                    .Name("flowbroker_config_last_reload_success_timestamp_seconds")
                    .Help("When the settings in force were read.")
                    .Register(registry)
                    .Add({});
}

void ReloadMetrics::RecordStart(std::chrono::nanoseconds at) {
  config_at_->Set(std::chrono::duration<double>(at).count());
}

void ReloadMetrics::RecordConfig(bool ok, std::chrono::nanoseconds at) {
  config_[ok ? 1 : 0]->Increment();
  if (ok) config_at_->Set(std::chrono::duration<double>(at).count());
}

void ReloadMetrics::CountCertificates(CertificateSide side, bool ok) {
  certificates_[static_cast<std::size_t>(side)][ok ? 1 : 0]->Increment();
  certificates_successful_[static_cast<std::size_t>(side)]->Set(ok ? 1 : 0);
}

}  // namespace flowbroker::telemetry
