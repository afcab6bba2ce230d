#include "clients/cpp/flow_watch.h"

#include <utility>

#include "clients/cpp/watch_state.h"
#include "clients/cpp/wire.h"

namespace flowbroker::client {

FlowWatch::State::State(WatchOptions options, WatchHandlers handlers)
    : options_(std::move(options)), handlers_(std::move(handlers)), last_sequence_(options_.after_sequence) {}

void FlowWatch::State::Open(v1::FlowService::StubInterface& stub, grpc::CompletionQueue* queue) {
  v1::WatchFlowsRequest request;
  request.set_after_sequence(options_.after_sequence);
  if (options_.client_group) request.set_client_group(*options_.client_group);
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  call_ = stub.PrepareAsyncWatchFlows(&context_, request, queue);
  call_->StartCall(start_.Start(shared_from_this()));
}

void FlowWatch::State::OnStarted(bool ok) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (!ok) return Finish();
  call_->Read(&response_, read_.Start(shared_from_this()));
}

void FlowWatch::State::OnRead(bool ok) {
  if (ok) Deliver();
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (!ok) return Finish();
  call_->Read(&response_, read_.Start(shared_from_this()));
}

void FlowWatch::State::Deliver() {
  if (!ready_) {
    ready_ = true;
    // What is resumed is still to come: only a fresh watch starts at the newest event.
    if (options_.after_sequence == 0 && response_.events().empty()) last_sequence_ = response_.latest_sequence();
    gate_.Run(handlers_.on_ready, response_.latest_sequence());
  }
  for (const v1::FlowEvent& event : response_.events()) {
    gate_.Run(handlers_.on_event, FromProto(event));
    last_sequence_ = event.sequence();
  }
}

void FlowWatch::State::Finish() {
  ended_ = true;
  call_->Finish(&status_, finish_.Start(shared_from_this()));
}

void FlowWatch::State::OnFinished(bool /*ok*/) {
  const grpc::Status ended(grpc::StatusCode::UNAVAILABLE, "shutting_down: the broker ended the watch");
  gate_.Run(handlers_.on_closed, ErrorFrom(status_.ok() ? ended : status_));
}

void FlowWatch::State::Abandon(bool inside) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    context_.TryCancel();
  }
  gate_.Close(inside);
}

FlowWatch::FlowWatch(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state)
    : loop_(std::move(loop)), state_(std::move(state)) {}

FlowWatch::~FlowWatch() {
  state_->Abandon(loop_->OnThread());
}

std::uint64_t FlowWatch::last_sequence() const {
  return state_->last_sequence();
}

}  // namespace flowbroker::client
