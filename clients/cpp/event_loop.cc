#include "clients/cpp/event_loop.h"

namespace flowbroker::client {
namespace {

void Serve(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<Completion*>(tag)->Complete(ok);
}

}  // namespace

EventLoop::EventLoop()
    : queue_(std::make_shared<grpc::CompletionQueue>()), thread_([queue = queue_] { Serve(*queue); }) {}

EventLoop::~EventLoop() {
  queue_->Shutdown();
  if (OnThread()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

bool HandlerGate::Enter() {
  const std::lock_guard lock(mutex_);
  running_ = open_;
  return open_;
}

void HandlerGate::Leave() {
  const std::lock_guard lock(mutex_);
  running_ = false;
  left_.notify_all();
}

void HandlerGate::Close(bool inside) {
  std::unique_lock lock(mutex_);
  open_ = false;
  if (!inside) left_.wait(lock, [this] { return !running_; });
}

}  // namespace flowbroker::client
