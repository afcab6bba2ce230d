#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_stream.h>

#include <deque>
#include <memory>
#include <mutex>

#include "clients/cpp/event_loop.h"
#include "clients/cpp/relay_stream.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"

namespace flowbroker::client {

/// A Relay call and its queue. Kept alive by its operations, so that it may outlive the RelayStream.
class RelayStream::State : public std::enable_shared_from_this<State> {
 public:
  State(RelayOptions options, RelayHandlers handlers);

  /// On the loop's thread, as all that starts an operation.
  void Open(v1::FlowService::StubInterface& stub, grpc::CompletionQueue* queue);
  void WriteNext();

  /// Queues; true: WriteNext has to be called. Thread-safe, like the rest.
  Result<bool> Queue(std::string_view flow_id, std::string_view message, std::uint64_t tag);
  void CloseWhenSent();
  /// Ends everything; nothing is started on the queue any more. `inside`: see HandlerGate.
  void Abandon(bool inside);

 private:
  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  void Finish();  // this and the following with mutex_ held
  bool Refuses(std::size_t bytes) const;
  bool HasRoomAgain();
  v1::RelayRequest TakeFrame();

  const RelayOptions options_;
  const RelayHandlers handlers_;
  HandlerGate gate_;
  grpc::ClientContext context_;
  v1::RelayResponse response_;  // of the read under way
  grpc::Status status_;

  std::mutex mutex_;
  std::unique_ptr<grpc::ClientAsyncReaderWriterInterface<v1::RelayRequest, v1::RelayResponse>> call_;
  std::deque<v1::OutgoingMessage> queue_;
  std::size_t queued_bytes_ = 0;
  bool greeted_ = false;      // the first frame, which names the group, was written
  bool writing_ = true;       // until the call has started
  bool closing_ = false;      // nothing more will be queued
  bool writes_done_ = false;  // and the broker was told
  bool refused_ = false;      // on_writable is owed
  bool ended_ = false;        // the call is over or abandoned
  Operation<State> start_{&State::OnStarted};
  Operation<State> read_{&State::OnRead};
  Operation<State> write_{&State::OnWritten};
  Operation<State> finish_{&State::OnFinished};
};

}  // namespace flowbroker::client
