#pragma once

#include <optional>
#include <string>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/edge_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/watch_stream.h"

namespace flowbroker::rpc {

/// One EdgeService.WatchBindings call.
class WatchBindingsStream final : public WatchStream<v1::WatchBindingsResponse, v1::BindingEvent> {
 public:
  WatchBindingsStream(CallQueue& queue, const Entrance& entrance, v1::EdgeService::AsyncService& service,
                      engine::ConnectionBroker& broker, const RpcOptions& options);

 private:
  void Request(void* tag) override;
  void OnArrived() override;

  v1::EdgeService::AsyncService& service_;
  engine::ConnectionBroker& broker_;
  v1::WatchBindingsRequest request_;
};

}  // namespace flowbroker::rpc
