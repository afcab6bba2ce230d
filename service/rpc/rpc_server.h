#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/engine/connection_broker.h"
#include "service/config/service_config.h"
#include "service/rpc/broker_rpc.h"
#include "service/rpc/call_queue.h"
#include "service/rpc/flow_rpc.h"
#include "service/rpc/health_rpc.h"
#include "service/rpc/history_rpc.h"

namespace flowbroker::rpc {

/// The gRPC side of the process: all services on N completion queues with one thread each, reflection and channelz.
///
/// Ends in two steps around the end of the broker, which holds calls until it has answered them:
///
///     server->Drain(timeout);  broker.Stop();  server.reset();
class RpcServer {
 public:
  /// Listens and serves; health says NOT_SERVING until SetServing. Fails where an address cannot be listened on.
  /// `broker` must outlive the server.
  static Expected<std::unique_ptr<RpcServer>> Start(const config::ServiceConfig& config,
                                                    engine::ConnectionBroker& broker);
  /// Ends the queues' threads after the last call. Drain must have returned and the broker must have been stopped.
  ~RpcServer();

  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  /// What health checks say.
  void SetServing(bool serving) { health_.SetServing(serving); }

  /// "unix:/run/flowbroker/flowbroker.sock,127.0.0.1:7460", with the ports chosen where 0 was asked for.
  const std::string& addresses() const { return addresses_; }

  /// Takes no more calls, ends the streams, lets unary calls finish until `timeout`, then cancels them. Blocks.
  void Drain(Duration timeout);

 private:
  RpcServer(const RpcOptions& options, engine::ConnectionBroker& broker);
  Expected<void> Listen(const config::ServiceConfig& config);

  HealthRpc health_;
  BrokerRpc broker_rpc_;
  FlowRpc flow_rpc_;
  HistoryRpc history_rpc_;
  std::vector<std::unique_ptr<CallQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
  std::string addresses_;
};

}  // namespace flowbroker::rpc
