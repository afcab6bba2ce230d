#pragma once

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "service/rpc/queue_event.h"

namespace flowbroker::rpc {

/// Anything that takes calls from a completion queue. Confined to the queue's thread after Start.
class CallSource {
 public:
  virtual ~CallSource() = default;
  /// Asks gRPC for the first calls.
  virtual void Start() = 0;
};

/// A streaming call in progress, as its queue sees it.
class LiveStream {
 public:
  /// Ends the call with `status` after what is queued. Any thread; only the first one counts.
  virtual void End(grpc::Status status) = 0;

 protected:
  ~LiveStream() = default;
};

/// One completion queue, the one thread that serves it, and the sources of its calls.
///
/// Order of life: Add sources, Run, ..., the server is shut down, Stop, destructor. The queue itself is shut down by
/// its own thread once the last call has gone, because gRPC aborts the process when an operation is started afterwards.
class CallQueue {
 public:
  explicit CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}
  ~CallQueue();

  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  grpc::ServerCompletionQueue* completion_queue() { return queue_.get(); }

  void Add(std::unique_ptr<CallSource> source) { sources_.push_back(std::move(source)); }

  /// Starts the thread. The server must be running.
  void Run();

  /// Runs `task` on the queue's thread. Any thread; not after Stop.
  void Post(std::function<void()> task);

  /// Tells the streams in progress to end with `status`. Any thread; not after Stop.
  void EndStreams(const grpc::Status& status);

  /// Ends the thread after the last call. The server must have been shut down, and whatever holds calls must have
  /// finished them or be about to. Any thread; once.
  void Stop();

  // For calls, on the queue's thread.
  void CallBegan() { ++calls_; }
  void CallEnded();
  void StreamBegan(LiveStream& stream);
  void StreamEnded(LiveStream& stream);

 private:
  void Serve();

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::vector<std::unique_ptr<CallSource>> sources_;
  std::unordered_set<LiveStream*> streams_;
  std::size_t calls_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace flowbroker::rpc
