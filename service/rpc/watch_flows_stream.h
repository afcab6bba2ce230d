#pragma once

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/watch_stream.h"

namespace flowbroker::rpc {

/// One FlowService.WatchFlows call.
class WatchFlowsStream final : public WatchStream<v1::WatchFlowsResponse, v1::FlowEvent> {
 public:
  WatchFlowsStream(CallQueue& queue, const Entrance& entrance, v1::FlowService::AsyncService& service,
                   engine::ConnectionBroker& broker, const RpcOptions& options);

 private:
  void Request(void* tag) override;
  void OnArrived() override;

  bool Wanted(const engine::FlowEvent& event) const;

  v1::FlowService::AsyncService& service_;
  engine::ConnectionBroker& broker_;
  v1::WatchFlowsRequest request_;
  flow::Scope scope_;  // whose events it sees
};

}  // namespace flowbroker::rpc
