#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace flowbroker::telemetry {

/// Which connections a certificate is for.
enum class CertificateSide : std::uint8_t {
  kGrpc,  ///< our callers'
  kSip,   ///< towards SIP peers
};

/// Counts how often settings and certificates were read again. Every series is made at the start. Any thread.
class ReloadMetrics {
 public:
  explicit ReloadMetrics(prometheus::Registry& registry);

  /// The settings of the start are used. `at` is the time since 1970, here and below.
  void RecordStart(std::chrono::nanoseconds at);
  void RecordConfig(bool ok, std::chrono::nanoseconds at);
  void CountCertificates(CertificateSide side, bool ok);

 private:
  std::array<prometheus::Counter*, 2> config_{};  // refused, ok
  prometheus::Gauge* config_at_ = nullptr;
  std::array<std::array<prometheus::Counter*, 2>, 2> certificates_{};  // by side; refused, ok
  std::array<prometheus::Gauge*, 2> certificates_successful_{};        // by side
};

}  // namespace flowbroker::telemetry
