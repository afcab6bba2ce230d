#pragma once

#include <grpcpp/grpcpp.h>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/unary_method.h"

namespace flowbroker::rpc {

/// BrokerService: converts, asks the broker, converts back. Handlers run on any queue's thread; no state of its own.
class BrokerRpc {
 public:
  BrokerRpc(engine::ConnectionBroker& broker, const RpcOptions& options, CallGate& gate)
      : broker_(broker), options_(options), gate_(gate) {}

  grpc::Service& service() { return service_; }

  /// Serves every method on `queue`.
  void ServeOn(CallQueue& queue);

 private:
  void Acquire(const v1::AcquireRequest& request, UnaryCall<v1::AcquireResponse>& call);
  void Release(const v1::ReleaseRequest& request, UnaryCall<v1::ReleaseResponse>& call);
  void Warm(const v1::WarmRequest& request, UnaryCall<v1::WarmResponse>& call);
  void Resolve(const v1::ResolveRequest& request, UnaryCall<v1::ResolveResponse>& call);
  void ReportOutcome(const v1::ReportOutcomeRequest& request, UnaryCall<v1::ReportOutcomeResponse>& call);

  engine::ConnectionBroker& broker_;
  const RpcOptions& options_;
  CallGate& gate_;
  v1::BrokerService::AsyncService service_;
};

}  // namespace flowbroker::rpc
