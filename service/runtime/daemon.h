#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "broker/base/expected.h"
#include "broker/engine/connection_broker.h"
#include "broker/net/system_clock.h"
#include "service/admin/admin_server.h"
#include "service/config/config_loader.h"
#include "service/config/service_config.h"
#include "service/rpc/grpc_log.h"
#include "service/rpc/rpc_server.h"
#include "service/runtime/flow_set_file.h"
#include "service/runtime/history_file.h"
#include "service/runtime/liveness.h"
#include "service/runtime/reloader.h"
#include "service/telemetry/broker_telemetry.h"
#include "service/telemetry/json_log.h"
#include "service/telemetry/log_writer.h"

namespace flowbroker::runtime {

/// Everything that runs in `flowbrokerd`, in the order of its life: log, telemetry, broker, its memory, gRPC, admin.
///
///     auto daemon = Daemon::Start(config);
///     ...
///     (*daemon)->Stop();
///
/// One thread, but for what says otherwise.
class Daemon {
 public:
  /// Starts all of it and says SERVING. On failure nothing is left running and the detail tells an operator what to
  /// mend: a port in use, a certificate that cannot be read.
  static Expected<std::unique_ptr<Daemon>> Start(const config::ServiceConfig& config);
  /// Stops, where that was not done yet.
  ~Daemon();

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// "flowbrokerd ready: grpc=unix:...,127.0.0.1:7460 admin=127.0.0.1:7461".
  std::string ReadyLine() const;

  /// Takes the settings that can change while the process runs, and reads all certificates and token keys again.
  void Reload(const config::LoadedConfig& loaded);

  /// To be called every now and then: reads those certificates and token keys again whose files have changed.
  void CheckKeyFiles() { reloader_->CheckKeyFiles(); }
  /// How often that should be at least; absent: never.
  std::optional<Duration> CertificateCheckInterval() const;

  /// Whether all threads that do the work answer; see Liveness. Any thread.
  bool IsAlive() { return liveness_.IsAlive(net::SystemClock().Now()); }

  /// No new work from now on: health says NOT_SERVING, /readyz 503. What is in flight goes on. For good; idempotent;
  /// any thread.
  void BeginDrain();

  /// BeginDrain, lets calls in progress finish for the drain time-out, then ends everything. Blocks; idempotent.
  void Stop();

 private:
  explicit Daemon(const config::ServiceConfig& config);
  Expected<void> StartParts();
  void BeginServing();
  Expected<void> CheckDescriptors();
  Expected<void> OpenHistoryFile();
  Expected<void> OpenFlowSetFile();
  Expected<void> StartAdmin();
  std::string MetricsText();

  config::ServiceConfig config_;
  FileWatch grpc_files_;  // of certificates; since before they are first read, so that no change is missed
  FileWatch sip_files_;
  FileWatch token_key_files_;
  std::mutex mutex_;  // of the change of config_ and of the begin of the drain, which may come from the admin thread
  bool draining_ = false;  // guarded by mutex_; for good
  std::atomic<bool> serving_ = false;
  telemetry::LogWriter log_writer_;
  telemetry::JsonLog log_;
  rpc::GrpcLog grpc_log_;
  telemetry::BrokerTelemetry telemetry_;
  std::unique_ptr<engine::ConnectionBroker> broker_;
  std::unique_ptr<HistoryFile> history_file_;   // null: memory is not kept
  std::unique_ptr<FlowSetFile> flow_set_file_;  // null: flow sets are not kept
  std::unique_ptr<rpc::RpcServer> rpc_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::unique_ptr<Reloader> reloader_;
  Liveness liveness_{
      [this](const std::function<void()>& answered) { return broker_->Ping(answered) + rpc_->Ping(answered); }};
};

}  // namespace flowbroker::runtime
