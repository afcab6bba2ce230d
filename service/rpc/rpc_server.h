#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/engine/connection_broker.h"
#include "service/config/service_config.h"
#include "service/rpc/broker_rpc.h"
#include "service/rpc/call_gate.h"
#include "service/rpc/call_queue.h"
#include "service/rpc/edge_rpc.h"
#include "service/rpc/flow_rpc.h"
#include "service/rpc/health_rpc.h"
#include "service/rpc/history_rpc.h"
#include "service/rpc/listen_security.h"
#include "service/rpc/outbound_rpc.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/tls_listeners.h"

namespace flowbroker::rpc {

/// The gRPC side of the process: all services on N completion queues with one thread each. Reflection
/// and channelz, which ask nobody who he is, only where no listener has TLS.
///
/// Ends in three steps around the end of the broker, which holds calls until it has answered them:
///
///     server->BeginDrain(timeout);  server->Drain(timeout);  broker.Stop();  server.reset();
///
/// Threads: every method may be called by any thread, but for Drain and the destructor, which come last.
class RpcServer {
 public:
  /// Listens and serves; health says NOT_SERVING until SetServing. Fails where an address cannot be listened on.
  /// `broker` must outlive the server.
  /// `observer` is told of the limits of tenants that were hit; it may be null and must outlive the server too.
  static Expected<std::unique_ptr<RpcServer>> Start(const config::ServiceConfig& config,
                                                    engine::ConnectionBroker& broker,
                                                    engine::BrokerObserver* observer = nullptr);
  /// Ends the queues' threads after the last call. Drain must have returned and the broker must have been stopped.
  ~RpcServer();

  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  /// What health checks say.
  void SetServing(bool serving) { health_.SetServing(serving); }

  /// "unix:/run/flowbroker/flowbroker.sock,127.0.0.1:7460", with the ports chosen where 0 was asked for.
  const std::string& addresses() const { return addresses_; }

  /// What an operator should be warned of, a sentence each: gRPC without TLS on a port. Does not change.
  const std::vector<std::string>& warnings() const { return security_.warnings; }

  /// Takes what can change while calls run: max_deadline, operators and the limits of tenants.
  void Apply(const config::ServiceConfig& config);

  /// Reads the certificate, its key and the authorities of the callers again. New connections use them, existing ones
  /// stay. Where they cannot be used, the detail says why and those in force stay. Success without TLS.
  Expected<void> ReloadCertificates();

  /// When the certificate in force runs out; nothing without TLS.
  std::optional<std::chrono::system_clock::time_point> CertificateExpiry() const;

  /// A channel into this server without a socket, for the process itself: its calls are those of the operator. It must
  /// be gone before the server.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  /// Has every thread that serves calls call `answered` when it comes to it; returns how many there are.
  std::size_t Ping(const std::function<void()>& answered);

  /// The server ends in `time_left`: health says NOT_SERVING, streams are told `draining` (watching ones then end),
  /// Acquire and Warm are refused with UNAVAILABLE and a hint. Everything else goes on. Idempotent.
  void BeginDrain(Duration time_left);

  /// Begins to drain where that was not done, waits at most `timeout` for Relay streams and unary calls to finish, then
  /// ends them. Blocks.
  void Drain(Duration timeout);

 private:
  RpcServer(const config::ServiceConfig& config, ListenSecurity security, engine::ConnectionBroker& broker,
            engine::BrokerObserver* observer);
  Expected<void> Listen(const config::ServiceConfig& config);
  void RegisterServices(grpc::ServerBuilder& builder);
  void Serve();

  RpcOptions options_;
  const ListenSecurity security_;
  std::optional<TlsListeners> tls_;  // with TLS; outlives server_
  CallGate gate_;
  HealthRpc health_;
  BrokerRpc broker_rpc_;
  FlowRpc flow_rpc_;
  EdgeRpc edge_rpc_;
  HistoryRpc history_rpc_;
  OutboundRpc outbound_rpc_;
  std::vector<std::unique_ptr<CallQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
  std::string addresses_;
  std::once_flag draining_;
};

}  // namespace flowbroker::rpc
