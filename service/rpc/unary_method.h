#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "service/rpc/call_gate.h"
#include "service/rpc/call_queue.h"
#include "service/rpc/deadline.h"
#include "service/rpc/queue_event.h"
#include "service/rpc/trace_parent.h"

namespace flowbroker::rpc {

/// A unary call as its handler sees it. Valid until Finish or Fail, exactly one of which must be called exactly once:
/// inside the handler, on the very thread that took the call (no hop), or later on any thread.
template <typename Response>
class UnaryCall {
 public:
  /// Empty at first; fill it, then Finish.
  Response& response() { return *response_; }

  void Finish() { Send(nullptr); }
  void Fail(const grpc::Status& status) { Send(&status); }

  /// Who calls; known before the handler runs.
  const Caller& caller() const { return admission_.caller(); }

  /// What the caller's deadline leaves for the work; see deadline.h.
  std::optional<Duration> TimeLeft(Duration max) const { return rpc::TimeLeft(*context_, max); }

  /// See TraceParentOf, also for its cost.
  std::string TraceParent() const { return TraceParentOf(*context_); }

  /// Has `hook` called on the queue's thread when the caller gives up before Finish or Fail (or, harmlessly, at the
  /// same moment). For the handler itself only, not for later threads.
  void OnCancelled(std::function<void()> hook) { on_cancelled_ = std::move(hook); }

 protected:
  ~UnaryCall() = default;
  virtual void Send(const grpc::Status* failure) = 0;

  /// Makes the empty messages of the next call in the memory of the last one; gives the request.
  template <typename Request>
  Request* RenewMessages() {
    arena_.Reset();
    response_ = google::protobuf::Arena::CreateMessage<Response>(&arena_);
    return google::protobuf::Arena::CreateMessage<Request>(&arena_);
  }

  std::optional<grpc::ServerContext> context_;
  Admission admission_;
  std::function<void()> on_cancelled_;

 private:
  static google::protobuf::ArenaOptions OptionsFor(std::span<char> block) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block.data();
    options.initial_block_size = block.size();
    return options;
  }

  // An Acquire and its pooled answer with the trace take about 1 KB; more comes from the heap.
  alignas(std::max_align_t) std::array<char, 2048> block_;
  google::protobuf::Arena arena_{OptionsFor(block_)};
  Response* response_ = nullptr;
};

/// One unary method on one completion queue. Keeps `kWaiting` calls posted to gRPC and uses call objects again, so that
/// a call costs no allocation of ours. A call object belongs to gRPC from its request until its last event.
template <typename Request, typename Response>
class UnaryMethod final : public CallSource {
 public:
  using Writer = grpc::ServerAsyncResponseWriter<Response>;
  using Acceptor = std::function<void(grpc::ServerContext*, Request*, Writer*, void* tag)>;
  using Handler = std::function<void(const Request&, UnaryCall<Response>&)>;

  /// No call reaches `handler` but through `entrance`.
  UnaryMethod(CallQueue& queue, const Entrance& entrance, Acceptor acceptor, Handler handler)
      : queue_(queue), entrance_(entrance), acceptor_(std::move(acceptor)), handler_(std::move(handler)) {}

  void Start() override {
    for (int i = 0; i < kWaiting; ++i) Post();
  }

 private:
  static constexpr int kWaiting = 16;            // more calls arriving in one turn wait inside gRPC
  static constexpr std::size_t kMaxIdle = 1024;  // call objects kept after a burst, about 2 KB each

  class Call;

  void Post() {
    std::unique_ptr<Call> call;
    if (idle_.empty()) {
      call = std::make_unique<Call>(*this);
    } else {
      call = std::move(idle_.back());
      idle_.pop_back();
    }
    call.release()->Post();  // comes back in Adopt
  }

  void Adopt(std::unique_ptr<Call> call) {
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(call));
  }

  CallQueue& queue_;
  const Entrance entrance_;
  Acceptor acceptor_;
  Handler handler_;
  std::vector<std::unique_ptr<Call>> idle_;
};

/// One call: posted -> arrived -> {ended, sent} in any order -> idle.
template <typename Request, typename Response>
class UnaryMethod<Request, Response>::Call final : public UnaryCall<Response> {
 public:
  explicit Call(UnaryMethod& method) : method_(method) {}

  void Post() {
    request_ = this->template RenewMessages<Request>();
    this->context_.emplace();
    writer_.emplace(&*this->context_);
    this->context_->AsyncNotifyWhenDone(ended_.tag());
    method_.acceptor_(&*this->context_, request_, &*writer_, arrived_.tag());
  }

 private:
  void OnArrived(bool ok) {
    if (!ok) {  // the server shuts down
      method_.Adopt(std::unique_ptr<Call>(this));
      return;
    }
    method_.queue_.CallBegan();
    method_.Post();
    events_to_come_ = 2;
    if (const auto refusal = method_.entrance_.Admit(*this->context_, this->admission_)) return Send(&*refusal);
    method_.handler_(*request_, *this);
  }

  void OnEnded(bool /*ok*/) {
    if (this->on_cancelled_ && this->context_->IsCancelled()) this->on_cancelled_();
    Settle();
  }

  void OnSent(bool /*ok*/) { Settle(); }

  void Settle() {
    if (--events_to_come_ > 0) return;
    this->on_cancelled_ = nullptr;
    this->admission_.Release();
    writer_.reset();
    this->context_.reset();
    CallQueue& queue = method_.queue_;
    method_.Adopt(std::unique_ptr<Call>(this));
    queue.CallEnded();
  }

  void Send(const grpc::Status* failure) override {
    if (failure == nullptr) {
      writer_->Finish(this->response(), grpc::Status::OK, sent_.tag());
    } else {
      writer_->FinishWithError(*failure, sent_.tag());
    }
  }

  UnaryMethod& method_;
  Request* request_ = nullptr;
  std::optional<Writer> writer_;
  int events_to_come_ = 0;
  MemberEvent<Call, &Call::OnArrived> arrived_{*this};
  MemberEvent<Call, &Call::OnEnded> ended_{*this};
  MemberEvent<Call, &Call::OnSent> sent_{*this};
};

/// Serves one method of a generated AsyncService on `queue`:
///
///     ServeUnary(queue, gate.For(CallKind::kCall), service, &BrokerService::AsyncService::RequestRelease,
///                [](const auto& request, auto& call) {..});
template <typename Service, typename Base, typename Request, typename Response>
void ServeUnary(CallQueue& queue, const Entrance& entrance, Service& service,
                void (Base::*request_call)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                           grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                typename UnaryMethod<Request, Response>::Handler handler) {
  auto acceptor = [&queue, &service, request_call](grpc::ServerContext* context, Request* request,
                                                   grpc::ServerAsyncResponseWriter<Response>* writer, void* tag) {
    grpc::ServerCompletionQueue* const completions = queue.completion_queue();
    (service.*request_call)(context, request, writer, completions, completions, tag);
  };
  queue.Add(std::make_unique<UnaryMethod<Request, Response>>(queue, entrance, std::move(acceptor), std::move(handler)));
}

}  // namespace flowbroker::rpc
