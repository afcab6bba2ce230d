#pragma once

#include <grpcpp/completion_queue.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace flowbroker::client {

/// An operation under way on an EventLoop; its address is the tag.
class Completion {
 public:
  virtual ~Completion() = default;
  virtual void Complete(bool ok) = 0;
};

/// A completion queue and the one thread that serves it. All operations are started on that thread: between threads
/// their state would be handed over inside gRPC, where the thread sanitizer cannot see it. Shared by the client and its
/// streams, never by what is under way on it.
class EventLoop {
 public:
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  /// Runs what was posted and waits for the operations under way, unless it runs on the loop's own thread. No operation
  /// may be started any more.
  ~EventLoop();

  /// Runs `task` on the loop's thread. Thread-safe.
  void Post(std::function<void()> task);

  grpc::CompletionQueue* queue();
  bool OnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  class Core;
  std::shared_ptr<Core> core_;  // the thread has its share: it may outlive this object
  std::thread thread_;
};

/// An operation that keeps its owner alive while it is under way and then calls one of the owner's functions.
template <typename Owner>
class Operation final : public Completion {
 public:
  explicit Operation(void (Owner::*then)(bool ok)) : then_(then) {}

  /// The tag to start the operation with.
  void* Start(std::shared_ptr<Owner> owner) {
    owner_ = std::move(owner);
    return static_cast<Completion*>(this);
  }

  void Complete(bool ok) override {
    const std::shared_ptr<Owner> owner = std::move(owner_);
    ((*owner).*then_)(ok);
  }

 private:
  void (Owner::*then_)(bool ok);
  std::shared_ptr<Owner> owner_;
};

/// Lets a stream's handlers run until the stream is destroyed.
class HandlerGate {
 public:
  /// Runs `handler`, if there is one and the gate is open.
  template <typename Handler, typename... Arguments>
  void Run(const Handler& handler, Arguments&&... arguments) {
    if (!handler || !Enter()) return;
    handler(std::forward<Arguments>(arguments)...);
    Leave();
  }

  /// No handler runs after this has returned. `inside`: called by a handler itself, which is not waited for.
  void Close(bool inside);

 private:
  bool Enter();
  void Leave();

  std::mutex mutex_;
  std::condition_variable left_;
  bool open_ = true;
  bool running_ = false;
};

}  // namespace flowbroker::client
