#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "broker/base/time.h"
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
  /// The server ends in `time_left`. On the queue's thread; once.
  virtual void OnDraining(Duration time_left) = 0;
  /// Whether a drain waits for the caller to end the call.
  virtual bool Lingers() const = 0;

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

  /// Tells the streams, those to come as well, that the server ends in `time_left`. Any thread; not after Stop.
  void DrainStreams(Duration time_left);

  /// Waits until no stream lingers, at most until `end`. Any thread but the queue's own.
  void AwaitLingering(std::chrono::steady_clock::time_point end);

  /// Tells the streams, those to come as well, to end with `status`. Any thread; not after Stop.
  void EndStreams(const grpc::Status& status);

  /// Ends the thread after the last call. The server must have been shut down, and whatever holds calls must have
  /// finished them or be about to. Any thread; once.
  void Stop();

  // For calls, on the queue's thread.
  void CallBegan() { ++calls_; }
  void CallEnded();
  void StreamBegan(LiveStream& stream);
  /// The stream that has begun serves its caller now: tells it what it has missed.
  void StreamServes(LiveStream& stream);
  void StreamEnded(LiveStream& stream);

 private:
  void Serve();
  void CountLingering(int change);

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::vector<std::unique_ptr<CallSource>> sources_;
  std::unordered_set<LiveStream*> streams_;
  std::size_t calls_ = 0;
  bool stopping_ = false;
  std::optional<std::chrono::steady_clock::time_point> drained_at_;  // absent: not draining
  std::optional<grpc::Status> end_;                                  // of streams to come
  std::mutex mutex_;
  std::condition_variable lingering_changed_;
  std::size_t lingering_ = 0;  // guarded by mutex_: streams that a drain waits for
  std::thread thread_;
};

}  // namespace flowbroker::rpc
