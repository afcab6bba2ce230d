#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_stream.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "clients/cpp/event_loop.h"
#include "clients/cpp/flow_watch.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"

namespace flowbroker::client {

/// A WatchFlows call. Kept alive by its operations, so that it may outlive the FlowWatch.
class FlowWatch::State : public std::enable_shared_from_this<State> {
 public:
  State(WatchOptions options, WatchHandlers handlers);

  /// On the loop's thread, as all that starts an operation.
  void Open(v1::FlowService::StubInterface& stub, grpc::CompletionQueue* queue);
  /// Ends everything; nothing is started on the queue any more. `inside`: see HandlerGate.
  void Abandon(bool inside);
  std::uint64_t last_sequence() const { return last_sequence_; }

 private:
  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnFinished(bool ok);
  void Deliver();
  void Finish();  // with mutex_ held

  const WatchOptions options_;
  const WatchHandlers handlers_;
  HandlerGate gate_;
  grpc::ClientContext context_;
  v1::WatchFlowsResponse response_;  // of the read under way
  grpc::Status status_;
  bool ready_ = false;
  std::atomic<std::uint64_t> last_sequence_;

  std::mutex mutex_;
  std::unique_ptr<grpc::ClientAsyncReaderInterface<v1::WatchFlowsResponse>> call_;
  bool ended_ = false;
  Operation<State> start_{&State::OnStarted};
  Operation<State> read_{&State::OnRead};
  Operation<State> finish_{&State::OnFinished};
};

}  // namespace flowbroker::client
