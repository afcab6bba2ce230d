#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "service/rpc/call_gate.h"
#include "service/rpc/call_queue.h"
#include "service/rpc/queue_event.h"

namespace flowbroker::rpc {

/// What every streaming call shares: at most one write in flight, one end, and a life until gRPC has handed back every
/// operation. `Stream` is the gRPC writer or reader-writer, `Frame` what it writes. A subclass says how to accept the
/// call, what to do once it is there and what to write next.
///
/// Threads: events run on the queue's thread. Pump and End may be called by any thread, without the mutex.
template <typename Stream, typename Frame>
class StreamCall : public LiveStream, public std::enable_shared_from_this<StreamCall<Stream, Frame>> {
 public:
  StreamCall(const StreamCall&) = delete;
  StreamCall& operator=(const StreamCall&) = delete;

  virtual ~StreamCall() = default;

  /// Posts the call to gRPC; `arrived` runs first when it comes, on the queue's thread.
  void Accept(std::function<void()> arrived) {
    on_arrival_ = std::move(arrived);
    context_.AsyncNotifyWhenDone(ended_.tag());
    self_ = this->shared_from_this();
    Request(arrived_.tag());
  }

  void End(grpc::Status status) final {
    {
      const std::lock_guard lock(mutex_);
      if (!end_) end_ = std::move(status);
    }
    Pump();
  }

  bool Lingers() const override { return false; }

 protected:
  /// OnArrived is not called for a call that `entrance` refuses.
  StreamCall(CallQueue& queue, const Entrance& entrance) : queue_(queue), stream_(&context_), entrance_(entrance) {}

  /// Calls the generated RequestX.
  virtual void Request(void* tag) = 0;
  /// The call is there, and caller() known.
  virtual void OnArrived() = 0;
  /// Fills the empty `frame` with what goes out next; false where nothing does. Called with the mutex held, possibly
  /// after the end was asked for: what is queued then still goes out.
  virtual bool FillFrame(Frame& frame) = 0;
  /// A frame was handed to the transport; the mutex is not held.
  virtual void OnWritten() {}
  /// The call is over, nothing will be read or written any more. Other operations may still come back.
  virtual void OnEnded() = 0;

  /// Writes the next frame unless one is in flight; ends the call where that was asked for and nothing is left.
  void Pump() {
    std::optional<grpc::Status> end;
    {
      const std::lock_guard lock(mutex_);
      if (busy_ || over_) return;
      frame_.Clear();
      if (refused_ || !FillFrame(frame_)) {
        if (!end_) return;
        end = *end_;
        over_ = true;
      }
      busy_ = true;
      ++operations_;
    }
    if (end) {
      stream_.Finish(*end, finished_.tag());
    } else {
      stream_.Write(frame_, written_.tag());
    }
  }

  /// Ends the call without another frame.
  void Refuse(grpc::Status status) {
    {
      const std::lock_guard lock(mutex_);
      refused_ = true;
    }
    End(std::move(status));
  }

  /// Who calls.
  const Caller& caller() const { return admission_.caller(); }

  /// Counts an operation of the subclass (a read). False where the call is over and none may be started.
  bool BeginOperation() {
    const std::lock_guard lock(mutex_);
    if (over_) return false;
    ++operations_;
    return true;
  }

  /// Takes one operation back, on the queue's thread; the object may be gone afterwards.
  void EndOperation() {
    std::shared_ptr<StreamCall> last;
    {
      const std::lock_guard lock(mutex_);
      if (--operations_ == 0) last = std::move(self_);
    }
    if (!last) return;
    admission_.Release();
    CallQueue& queue = queue_;
    queue.StreamEnded(*this);
  }

  /// Whether the end was asked for or has come. With the mutex held.
  bool ending() const { return end_.has_value() || over_; }

  CallQueue& queue_;
  std::mutex mutex_;
  grpc::ServerContext context_;
  Stream stream_;

 private:
  void OnCallArrived(bool ok) {
    if (!ok) {  // the server shuts down; the `ended_` event never comes
      self_.reset();
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      operations_ = 1;  // `ended_` is to come
    }
    queue_.StreamBegan(*this);
    on_arrival_();
    if (auto refusal = entrance_.Admit(context_, admission_)) return Refuse(*std::move(refusal));
    OnArrived();
    queue_.StreamServes(*this);
  }

  void OnFrameWritten(bool ok) {
    {
      const std::lock_guard lock(mutex_);
      busy_ = false;
      if (!ok) over_ = true;
    }
    if (ok) OnWritten();
    if (ok) Pump();
    EndOperation();
  }

  void OnCallFinished(bool /*ok*/) { EndOperation(); }

  void OnCallEnded(bool /*ok*/) {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    OnEnded();
    EndOperation();
  }

  const Entrance entrance_;
  Admission admission_;
  Frame frame_;
  bool refused_ = false;  // nothing is said but the end
  bool busy_ = false;     // a write is in flight, or Finish was called
  bool over_ = false;     // nothing may be started any more
  std::optional<grpc::Status> end_;
  int operations_ = 0;  // started and not yet handed back by gRPC
  std::shared_ptr<StreamCall> self_;
  std::function<void()> on_arrival_;
  MemberEvent<StreamCall, &StreamCall::OnCallArrived> arrived_{*this};
  MemberEvent<StreamCall, &StreamCall::OnCallEnded> ended_{*this};
  MemberEvent<StreamCall, &StreamCall::OnFrameWritten> written_{*this};
  MemberEvent<StreamCall, &StreamCall::OnCallFinished> finished_{*this};
};

/// Accepts the calls of one streaming method on one queue; `make` gives a fresh call object, derived from StreamCall.
template <typename Call>
class StreamMethod final : public CallSource {
 public:
  using Maker = std::function<std::shared_ptr<Call>()>;

  explicit StreamMethod(Maker make) : make_(std::move(make)) {}

  void Start() override { Accept(); }

 private:
  void Accept() {
    make_()->Accept([this] { Accept(); });  // gRPC holds it from here
  }

  Maker make_;
};

/// Serves a streaming method with call objects made by Call(queue, entrance, arguments...).
template <typename Call, typename... Arguments>
void ServeStreams(CallQueue& queue, const Entrance& entrance, Arguments&... arguments) {
  queue.Add(std::make_unique<StreamMethod<Call>>(
      [&queue, entrance, &arguments...] { return std::make_shared<Call>(queue, entrance, arguments...); }));
}

}  // namespace flowbroker::rpc
