#include "clients/cpp/event_loop.h"

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>

#include <vector>

namespace flowbroker::client {

// The queue, and the tasks that an alarm in the past announces on it.
class EventLoop::Core final : public Completion {
 public:
  void Serve() {
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) static_cast<Completion*>(tag)->Complete(ok);
  }

  void Post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1) alarm_.Set(&queue, gpr_inf_past(GPR_CLOCK_REALTIME), static_cast<Completion*>(this));
  }

  void Complete(bool /*ok*/) override {
    std::vector<std::function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks) task();
  }

  grpc::CompletionQueue queue;

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;  // not empty: the alarm is set
  grpc::Alarm alarm_;
};

EventLoop::EventLoop() : core_(std::make_shared<Core>()), thread_([core = core_] { core->Serve(); }) {}

EventLoop::~EventLoop() {
  core_->queue.Shutdown();
  if (OnThread()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void EventLoop::Post(std::function<void()> task) {
  core_->Post(std::move(task));
}

grpc::CompletionQueue* EventLoop::queue() {
  return &core_->queue;
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
