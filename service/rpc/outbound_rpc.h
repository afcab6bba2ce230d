#pragma once

#include <grpcpp/grpcpp.h>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/outbound_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/unary_method.h"

namespace flowbroker::rpc {

/// OutboundService: the unary calls here, the stream in watch_flow_set_stream.h. No state of its own.
class OutboundRpc {
 public:
  OutboundRpc(engine::ConnectionBroker& broker, const RpcOptions& options, CallGate& gate)
      : broker_(broker), options_(options), gate_(gate) {}

  grpc::Service& service() { return service_; }

  /// Serves every method on `queue`.
  void ServeOn(CallQueue& queue);

 private:
  void EnsureFlowSet(const v1::EnsureFlowSetRequest& request, UnaryCall<v1::EnsureFlowSetResponse>& call);
  void GetFlowSet(const v1::GetFlowSetRequest& request, UnaryCall<v1::GetFlowSetResponse>& call);
  void ListFlowSets(const v1::ListFlowSetsRequest& request, UnaryCall<v1::ListFlowSetsResponse>& call);
  void DeleteFlowSet(const v1::DeleteFlowSetRequest& request, UnaryCall<v1::DeleteFlowSetResponse>& call);
  void ReportRegistration(const v1::ReportRegistrationRequest& request,
                          UnaryCall<v1::ReportRegistrationResponse>& call);

  engine::ConnectionBroker& broker_;
  const RpcOptions& options_;
  CallGate& gate_;
  v1::OutboundService::AsyncService service_;
};

}  // namespace flowbroker::rpc
