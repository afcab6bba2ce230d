#pragma once

#include <prometheus/collectable.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace flowbroker::telemetry {

/// What this process was built from.
struct BuildInfo {
  std::string version;  ///< "0.1.0"
  std::string compiler;
  std::string grpc;
  std::string openssl;
};

/// The process itself: what it was built from, what it uses, whether it drains, when its certificates end. Looked up
/// when somebody asks. Any thread.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  /// Since 1970; nothing where there is no such certificate.
  using Expiry = std::function<std::optional<std::chrono::system_clock::time_point>()>;

  void SetBuild(BuildInfo build);
  void SetDraining(bool draining) { draining_ = draining; }
  /// `certificate`: "grpc" or "sip". `expiry` is called by whoever collects until the next call, which may take it back
  /// with an empty function.
  void WatchCertificate(const std::string& certificate, Expiry expiry);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Certificate {
    std::string name;
    Expiry expiry;
  };

  std::atomic<bool> draining_ = false;
  mutable std::mutex mutex_;
  BuildInfo build_;
  std::vector<Certificate> certificates_;
};

}  // namespace flowbroker::telemetry
