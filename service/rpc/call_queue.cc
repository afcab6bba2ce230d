#include "service/rpc/call_queue.h"

#include <grpcpp/alarm.h>

#include <algorithm>

namespace flowbroker::rpc {
namespace {

using Clock = std::chrono::steady_clock;

/// A function on its way through the queue; deletes itself when it has run.
class Task final : public QueueEvent {
 public:
  explicit Task(std::function<void()> run) : run_(std::move(run)) {}

  void Send(grpc::CompletionQueue* queue) { alarm_.Set(queue, gpr_time_0(GPR_CLOCK_MONOTONIC), tag()); }

 private:
  void OnCompleted(bool /*ok*/) override {
    const std::unique_ptr<Task> self(this);
    run_();
  }

  std::function<void()> run_;
  grpc::Alarm alarm_;
};

}  // namespace

CallQueue::~CallQueue() {
  if (thread_.joinable()) {
    thread_.join();
    return;
  }
  queue_->Shutdown();  // never ran: gRPC still wants it drained
  Serve();
}

void CallQueue::Run() {
  for (const auto& source : sources_) source->Start();
  thread_ = std::thread([this] { Serve(); });
}

void CallQueue::Serve() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) QueueEvent::Complete(tag, ok);
}

void CallQueue::Post(std::function<void()> task) {
  std::make_unique<Task>(std::move(task)).release()->Send(queue_.get());  // deletes itself
}

void CallQueue::DrainStreams(Duration time_left) {
  Post([this, time_left] {
    drained_at_ = Clock::now() + time_left;
    for (LiveStream* const stream : std::unordered_set(streams_)) stream->OnDraining(time_left);
  });
}

void CallQueue::AwaitLingering(Clock::time_point end) {
  std::unique_lock lock(mutex_);
  lingering_changed_.wait_until(lock, end, [this] { return lingering_ == 0; });
}

void CallQueue::EndStreams(const grpc::Status& status) {
  Post([this, status] {
    end_ = status;
    for (LiveStream* const stream : std::unordered_set(streams_)) stream->End(status);
  });
}

void CallQueue::Stop() {
  Post([this] {
    stopping_ = true;
    if (calls_ == 0) queue_->Shutdown();
  });
}

void CallQueue::CallEnded() {
  if (--calls_ == 0 && stopping_) queue_->Shutdown();
}

void CallQueue::StreamBegan(LiveStream& stream) {
  streams_.insert(&stream);
  CallBegan();
  if (stream.Lingers()) CountLingering(1);
}

void CallQueue::StreamServes(LiveStream& stream) {
  if (drained_at_) stream.OnDraining(std::max<Duration>(Duration::zero(), *drained_at_ - Clock::now()));
  if (end_) stream.End(*end_);
}

void CallQueue::StreamEnded(LiveStream& stream) {
  streams_.erase(&stream);
  if (stream.Lingers()) CountLingering(-1);
  CallEnded();
}

void CallQueue::CountLingering(int change) {
  const std::lock_guard lock(mutex_);
  lingering_ += static_cast<std::size_t>(change);
  lingering_changed_.notify_all();
}

}  // namespace flowbroker::rpc
