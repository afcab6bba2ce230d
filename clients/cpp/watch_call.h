#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_stream.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "clients/cpp/event_loop.h"
#include "clients/cpp/watch.h"
#include "clients/cpp/wire.h"

namespace flowbroker::client {

class Watch::State {
 public:
  virtual ~State() = default;
  /// Ends everything; nothing is started on the queue any more. `inside`: see HandlerGate.
  virtual void Abandon(bool inside) = 0;
  virtual std::uint64_t last_sequence() const = 0;
};

/// A call that streams numbered events. Kept alive by its operations, so that it may outlive the Watch.
template <typename Response, typename Event>
class WatchCall final : public Watch::State, public std::enable_shared_from_this<WatchCall<Response, Event>> {
 public:
  using Reader = grpc::ClientAsyncReaderInterface<Response>;

  WatchCall(std::uint64_t after_sequence, WatchHandlers<Event> handlers)
      : after_sequence_(after_sequence), handlers_(std::move(handlers)), last_sequence_(after_sequence) {}

  /// On the loop's thread, as all that starts an operation. `prepare` makes the call from its context.
  template <typename Prepare>
  void Open(Prepare prepare) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    call_ = prepare(&context_);
    call_->StartCall(start_.Start(this->shared_from_this()));
  }

  void Abandon(bool inside) override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      context_.TryCancel();
    }
    gate_.Close(inside);
  }

  std::uint64_t last_sequence() const override { return last_sequence_; }

 private:
  void OnStarted(bool ok) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    if (!ok) return Finish();
    call_->Read(&response_, read_.Start(this->shared_from_this()));
  }

  void OnRead(bool ok) {
    if (ok) Deliver();
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    if (!ok) return Finish();
    call_->Read(&response_, read_.Start(this->shared_from_this()));
  }

  void OnFinished(bool /*ok*/) {
    const grpc::Status ended(grpc::StatusCode::UNAVAILABLE, "shutting_down: the broker ended the watch");
    gate_.Run(handlers_.on_closed, ErrorFrom(status_.ok() ? ended : status_));
  }

  void Deliver() {
    if (!ready_) {
      ready_ = true;
      // What is resumed is still to come: only a fresh watch starts at the newest event.
      if (after_sequence_ == 0 && response_.events().empty()) last_sequence_ = response_.latest_sequence();
      gate_.Run(handlers_.on_ready, response_.latest_sequence());
    }
    for (const auto& event : response_.events()) {
      gate_.Run(handlers_.on_event, FromProto(event));
      last_sequence_ = event.sequence();
    }
  }

  void Finish() {  // with mutex_ held
    ended_ = true;
    call_->Finish(&status_, finish_.Start(this->shared_from_this()));
  }

  const std::uint64_t after_sequence_;
  const WatchHandlers<Event> handlers_;
  HandlerGate gate_;
  grpc::ClientContext context_;
  Response response_;  // of the read under way
  grpc::Status status_;
  bool ready_ = false;
  std::atomic<std::uint64_t> last_sequence_;

  std::mutex mutex_;
  std::unique_ptr<Reader> call_;
  bool ended_ = false;
  Operation<WatchCall> start_{&WatchCall::OnStarted};
  Operation<WatchCall> read_{&WatchCall::OnRead};
  Operation<WatchCall> finish_{&WatchCall::OnFinished};
};

}  // namespace flowbroker::client
