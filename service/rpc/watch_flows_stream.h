#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <memory>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/stream_call.h"

namespace flowbroker::rpc {

/// One FlowService.WatchFlows call: events come in on the broker's threads and leave several to a frame. A watcher that
/// falls too far behind is ended with RESOURCE_EXHAUSTED and resumes by sequence number.
class WatchFlowsStream final
    : public StreamCall<grpc::ServerAsyncWriter<v1::WatchFlowsResponse>, v1::WatchFlowsResponse> {
 public:
  WatchFlowsStream(CallQueue& queue, v1::FlowService::AsyncService& service, engine::ConnectionBroker& broker,
                   const RpcOptions& options);

 private:
  void Request(void* tag) override;
  void OnArrived() override;
  bool FillFrame(v1::WatchFlowsResponse& frame) override;
  void OnEnded() override;

  void Refuse(const grpc::Status& status);
  void OnEvent(const engine::FlowEvent& event);
  bool Wanted(const engine::FlowEvent& event) const;

  v1::FlowService::AsyncService& service_;
  engine::ConnectionBroker& broker_;
  const std::size_t max_events_;
  v1::WatchFlowsRequest request_;
  std::unique_ptr<engine::ConnectionBroker::EventSubscription> subscription_;  // on the queue's thread only

  // Guarded by mutex_.
  std::deque<v1::FlowEvent> events_;
  std::uint64_t latest_ = 0;             // sequence of the newest event seen, wanted or not
  std::uint64_t greeting_sequence_ = 0;  // where the watch begins
  bool greeting_due_ = true;             // the empty first answer
};

}  // namespace flowbroker::rpc
