#include "service/rpc/watch_flows_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "service/rpc/call_answer.h"

namespace flowbroker::rpc {
namespace {

constexpr int kFrameEvents = 500;  // about 100 KB

}  // namespace

WatchFlowsStream::WatchFlowsStream(CallQueue& queue, v1::FlowService::AsyncService& service,
                                   engine::ConnectionBroker& broker, const RpcOptions& options)
    : StreamCall(queue), service_(service), broker_(broker), max_events_(options.watch_queue_events) {}

void WatchFlowsStream::Request(void* tag) {
  service_.RequestWatchFlows(&context_, &request_, &stream_, queue_.completion_queue(), queue_.completion_queue(), tag);
}

void WatchFlowsStream::OnArrived() {
  if (request_.has_client_group()) {
    const auto group = ClientGroup(request_.client_group());
    if (!group) return Refuse(ToStatus(group.error()));
  }
  std::optional<std::uint64_t> after;
  if (request_.after_sequence() > 0) after = request_.after_sequence();
  const std::uint64_t newest = broker_.LatestFlowEvent();
  {
    const std::lock_guard lock(mutex_);
    latest_ = greeting_sequence_ = after.value_or(newest);
  }
  // A number beyond the newest is from an earlier process: its events are gone too.
  const bool from_elsewhere = after.value_or(0) > newest;
  if (!from_elsewhere) {
    subscription_ = broker_.WatchFlows(after, [this](const engine::FlowEvent& event) { OnEvent(event); });
  }
  if (subscription_) return Pump();
  Refuse({grpc::StatusCode::OUT_OF_RANGE, "events after " + std::to_string(request_.after_sequence()) +
                                              " are not kept here, the newest is " + std::to_string(newest) +
                                              ": list the flows and watch from now on"});
}

void WatchFlowsStream::Refuse(const grpc::Status& status) {
  {
    const std::lock_guard lock(mutex_);
    greeting_due_ = false;
  }
  End(status);
}

bool WatchFlowsStream::Wanted(const engine::FlowEvent& event) const {
  return !request_.has_client_group() || event.flow.client_group == request_.client_group();
}

void WatchFlowsStream::OnEvent(const engine::FlowEvent& event) {
  const Moment now = MomentOf(broker_);
  bool overflowed = false;
  {
    const std::lock_guard lock(mutex_);
    if (ending()) return;
    overflowed = events_.size() >= max_events_;
    if (!overflowed) {
      latest_ = std::max(latest_, event.sequence);
      if (Wanted(event)) Fill(event, now, events_.emplace_back());
    }
  }
  if (!overflowed) return Pump();
  End({grpc::StatusCode::RESOURCE_EXHAUSTED,
       "the watcher is too slow; resume after the last sequence number received"});
}

bool WatchFlowsStream::FillFrame(v1::WatchFlowsResponse& frame) {
  if (std::exchange(greeting_due_, false)) {
    frame.set_latest_sequence(greeting_sequence_);
    return true;
  }
  if (events_.empty()) return false;
  for (int n = 0; n < kFrameEvents && !events_.empty(); ++n) {
    *frame.add_events() = std::move(events_.front());
    events_.pop_front();
  }
  frame.set_latest_sequence(events_.empty() ? latest_ : frame.events().rbegin()->sequence());
  return true;
}

void WatchFlowsStream::OnEnded() {
  subscription_.reset();
}

}  // namespace flowbroker::rpc
