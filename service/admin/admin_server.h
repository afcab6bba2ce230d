#pragma once

#include <memory>
#include <string>

#include "broker/base/expected.h"
#include "service/admin/admin_handlers.h"
#include "service/config/service_config.h"

namespace flowbroker::admin {

/// An HTTP listener for operators, probes, and SIP servers without gRPC, on a thread of its own (and one for the calls
/// it makes): `/` (index), `/healthz` (the process lives), `/readyz` (it takes calls), `/metrics`, `POST /drain`, and
/// every unary call of the contract as `POST /v1/<Service>/<Call>` in JSON.
///
/// The last two ask for the bearer token of admin-token-file; without one they are served on loopback only. What bounds
/// it stands in admin_limits.h.
class AdminServer {
 public:
  /// Listens on `config.admin`, such as "127.0.0.1:7461"; port 0 lets the kernel choose. Fails where that cannot be had
  /// or the token cannot be read.
  static Expected<std::unique_ptr<AdminServer>> Start(const config::ServiceConfig& config, AdminHandlers handlers);
  /// Cancels the calls in flight, closes every connection and ends the threads. Before the end of `handlers.rpc`.
  ~AdminServer();

  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Takes a new token, read from its file again, and the rate of calls; the address stays. A token that cannot be read
  /// is an error, and the one before stays in force. Any thread.
  Expected<void> Apply(const config::ServiceConfig& config);

  /// Answers further calls under /v1 with UNAVAILABLE; those in flight and all pages go on. Must have returned before
  /// the server behind `handlers.rpc` shuts down (see RpcForwarder::Refuse). Any thread.
  void RefuseCalls();

  /// Where it listens, with the port in use.
  const std::string& address() const;

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowbroker::admin
