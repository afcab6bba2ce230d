#include "service/rpc/watch_bindings_stream.h"

#include "service/rpc/call_answer.h"
#include "service/rpc/edge_conversion.h"

namespace flowbroker::rpc {

WatchBindingsStream::WatchBindingsStream(CallQueue& queue, const Entrance& entrance,
                                         v1::EdgeService::AsyncService& service, engine::ConnectionBroker& broker,
                                         const RpcOptions& options)
    : WatchStream(queue, entrance, options.watch_queue_events), service_(service), broker_(broker) {}

void WatchBindingsStream::Request(void* tag) {
  service_.RequestWatchBindings(&context_, &request_, &stream_, queue_.completion_queue(), queue_.completion_queue(),
                                tag);
}

void WatchBindingsStream::OnArrived() {
  Begin(request_.after_sequence(), broker_.edge().LatestBindingEvent(), "look the bindings up",
        [this](std::optional<std::uint64_t> after) {
          return broker_.edge().WatchBindings(
              after, caller().Sees().tenant, [this](const engine::RegistrationEvent& event) {
                const bool wanted = request_.aor().empty() || request_.aor() == event.binding.key.aor;
                OnEvent(event.sequence, wanted, [&](v1::BindingEvent& out) { Fill(event, MomentOf(broker_), out); });
              });
        });
}

}  // namespace flowbroker::rpc
