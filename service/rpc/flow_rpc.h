#pragma once

#include <grpcpp/grpcpp.h>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/unary_method.h"

namespace flowbroker::rpc {

/// FlowService: the unary calls here, the streams in relay_stream.h and watch_flows_stream.h. No state of its own.
class FlowRpc {
 public:
  FlowRpc(engine::ConnectionBroker& broker, const RpcOptions& options, CallGate& gate)
      : broker_(broker), options_(options), gate_(gate) {}

  grpc::Service& service() { return service_; }

  /// Serves every method on `queue`.
  void ServeOn(CallQueue& queue);

 private:
  void ListFlows(const v1::ListFlowsRequest& request, UnaryCall<v1::ListFlowsResponse>& call);
  void GetFlow(const v1::GetFlowRequest& request, UnaryCall<v1::GetFlowResponse>& call);
  void CloseFlow(const v1::CloseFlowRequest& request, UnaryCall<v1::CloseFlowResponse>& call);
  void SetKeepAlive(const v1::SetKeepAliveRequest& request, UnaryCall<v1::SetKeepAliveResponse>& call);
  void ProbeFlow(const v1::ProbeFlowRequest& request, UnaryCall<v1::ProbeFlowResponse>& call);

  engine::ConnectionBroker& broker_;
  const RpcOptions& options_;
  CallGate& gate_;
  v1::FlowService::AsyncService service_;
};

}  // namespace flowbroker::rpc
