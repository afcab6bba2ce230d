#pragma once

#include <grpcpp/grpcpp.h>

#include <optional>
#include <string>
#include <vector>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "service/rpc/relay_outbox.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/stream_call.h"

namespace flowbroker::rpc {

/// One FlowService.Relay call. Reads frames and sends their messages on the queue's thread; takes inbound messages on
/// the broker's threads and writes them from there, several to a frame while one is in flight.
///
/// The client's half-close ends the call after what is queued; its cancellation ends it at once. The broker is never
/// called with the mutex held, since it may offer messages at any time.
class RelayStream final
    : public StreamCall<grpc::ServerAsyncReaderWriter<v1::RelayResponse, v1::RelayRequest>, v1::RelayResponse>,
      public engine::RelaySink {
 public:
  RelayStream(CallQueue& queue, const Entrance& entrance, v1::FlowService::AsyncService& service,
              engine::ConnectionBroker& broker, const RpcOptions& options);

  bool Offer(engine::InboundMessage& message) override;

 private:
  void Request(void* tag) override;
  void OnArrived() override;
  bool FillFrame(v1::RelayResponse& frame) override;
  void OnWritten() override;
  void OnEnded() override;
  void OnDraining(Duration time_left) override;
  /// Transactions under way need their answers.
  bool Lingers() const override { return true; }

  void Read();
  void OnRead(bool ok);
  void Attach();
  void SendMessages();
  void Detach();

  v1::FlowService::AsyncService& service_;
  engine::ConnectionBroker& broker_;

  // On the queue's thread only.
  v1::RelayRequest request_;
  std::optional<engine::RelayId> relay_;        // set by the first frame
  std::vector<engine::OutboundMessage> batch_;  // of one frame, used again
  std::vector<int> batch_places_;               // index in the frame of each message of the batch
  bool reading_ = false;                        // a read is in flight
  bool half_closed_ = false;

  RelayOutbox outbox_;                // guarded by mutex_
  std::optional<Duration> draining_;  // guarded by mutex_: to be told
  MemberEvent<RelayStream, &RelayStream::OnRead> read_{*this};
};

}  // namespace flowbroker::rpc
