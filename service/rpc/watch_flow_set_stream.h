#pragma once

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/outbound_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/watch_stream.h"

namespace flowbroker::rpc {

/// One OutboundService.WatchFlowSet call.
class WatchFlowSetStream final : public WatchStream<v1::WatchFlowSetResponse, v1::FlowSetEvent> {
 public:
  WatchFlowSetStream(CallQueue& queue, const Entrance& entrance, v1::OutboundService::AsyncService& service,
                     engine::ConnectionBroker& broker, const RpcOptions& options);

 private:
  void Request(void* tag) override;
  void OnArrived() override;

  v1::OutboundService::AsyncService& service_;
  engine::ConnectionBroker& broker_;
  v1::WatchFlowSetRequest request_;
};

}  // namespace flowbroker::rpc
