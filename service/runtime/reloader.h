#pragma once

#include "broker/engine/connection_broker.h"
#include "service/admin/admin_server.h"
#include "service/config/config_loader.h"
#include "service/rpc/rpc_server.h"
#include "service/runtime/file_watch.h"
#include "service/telemetry/broker_telemetry.h"
#include "service/telemetry/json_log.h"

namespace flowbroker::runtime {

/// Changes a running process: settings and certificates are read again and given to the parts they are for. What is
/// wrong changes nothing, is logged and counted. One thread.
class Reloader {
 public:
  struct Parts {
    telemetry::JsonLog& log;
    telemetry::BrokerTelemetry& telemetry;
    engine::ConnectionBroker& broker;
    rpc::RpcServer& rpc;
    admin::AdminServer* admin;  ///< null: off
    FileWatch& grpc_files;      ///< those of certificates, seen before they were first read
    FileWatch& sip_files;
    FileWatch& token_key_files;
  };

  /// `running` and `parts` outlive it.
  Reloader(config::ServiceConfig& running, const Parts& parts) : running_(running), parts_(parts) {}

  /// Takes the live ones of `loaded` into `running`, and reads all certificates and token keys again.
  void Reload(const config::LoadedConfig& loaded);

  /// Reads those certificates and token keys again whose files have changed.
  void CheckKeyFiles();

 private:
  void Apply();
  void ReloadGrpcCertificates();
  void ReloadSipCertificates();
  void ReloadTokenKeys();
  void Record(telemetry::CertificateSide side, const Expected<void>& reloaded);

  config::ServiceConfig& running_;
  const Parts parts_;
};

}  // namespace flowbroker::runtime
