#include "service/rpc/watch_flows_stream.h"

#include <optional>
#include <utility>

#include "service/rpc/call_answer.h"

namespace flowbroker::rpc {

WatchFlowsStream::WatchFlowsStream(CallQueue& queue, const Entrance& entrance, v1::FlowService::AsyncService& service,
                                   engine::ConnectionBroker& broker, const RpcOptions& options)
    : WatchStream(queue, entrance, options.watch_queue_events), service_(service), broker_(broker) {}

void WatchFlowsStream::Request(void* tag) {
  service_.RequestWatchFlows(&context_, &request_, &stream_, queue_.completion_queue(), queue_.completion_queue(), tag);
}

void WatchFlowsStream::OnArrived() {
  scope_ = caller().Sees();
  if (request_.has_client_group()) {
    auto group = ClientGroup(request_.client_group());
    if (!group) return Refuse(ToStatus(group.error()));
    scope_.client_group = *std::move(group);
  }
  Begin(request_.after_sequence(), broker_.flows().LatestEvent(), "list the flows",
        [this](std::optional<std::uint64_t> after) {
          return broker_.flows().Watch(after, scope_.tenant, [this](const engine::FlowEvent& event) {
            OnEvent(event.sequence, Wanted(event), [&](v1::FlowEvent& out) { Fill(event, MomentOf(broker_), out); });
          });
        });
}

bool WatchFlowsStream::Wanted(const engine::FlowEvent& event) const {
  return scope_.Covers(event.flow.owner);
}

}  // namespace flowbroker::rpc
