#include "service/rpc/watch_flow_set_stream.h"

#include <utility>

#include "service/rpc/call_answer.h"
#include "service/rpc/outbound_conversion.h"

namespace flowbroker::rpc {

WatchFlowSetStream::WatchFlowSetStream(CallQueue& queue, const Entrance& entrance,
                                       v1::OutboundService::AsyncService& service, engine::ConnectionBroker& broker,
                                       const RpcOptions& options)
    : WatchStream(queue, entrance, options.watch_queue_events), service_(service), broker_(broker) {}

void WatchFlowSetStream::Request(void* tag) {
  service_.RequestWatchFlowSet(&context_, &request_, &stream_, queue_.completion_queue(), queue_.completion_queue(),
                               tag);
}

void WatchFlowSetStream::OnArrived() {
  engine::OutboundAccess& outbound = broker_.outbound();
  const auto name = RequiredSetName(request_.name());
  if (!name) return Refuse(ToStatus(name.error()));
  if (const auto set = outbound.Get(caller().tenant, *name); !set) return Refuse(ToStatus(set.error()));
  Begin(request_.after_sequence(), outbound.LatestEvent(), "watch without a sequence number",
        [&](std::optional<std::uint64_t> after) {
          auto watch = outbound.Watch(after, caller().tenant, *name, [this](const engine::FlowSetEvent& event) {
            OnEvent(event.sequence, true, [&](v1::FlowSetEvent& out) { Fill(event, MomentOf(broker_), out); });
          });
          return watch ? *std::move(watch) : nullptr;
        });
}

}  // namespace flowbroker::rpc
