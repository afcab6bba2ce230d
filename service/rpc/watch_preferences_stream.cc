#include "service/rpc/watch_preferences_stream.h"

#include <optional>

#include "service/rpc/call_answer.h"
#include "service/rpc/history_conversion.h"

namespace flowbroker::rpc {

WatchPreferencesStream::WatchPreferencesStream(CallQueue& queue, const Entrance& entrance,
                                               v1::HistoryService::AsyncService& service,
                                               engine::ConnectionBroker& broker, const RpcOptions& options)
    : WatchStream(queue, entrance, options.watch_queue_events), service_(service), broker_(broker) {}

void WatchPreferencesStream::Request(void* tag) {
  service_.RequestWatchPreferences(&context_, &request_, &stream_, queue_.completion_queue(), queue_.completion_queue(),
                                   tag);
}

void WatchPreferencesStream::OnArrived() {
  if (const auto interface = OptionalInterface(request_.interface()); !interface) {
    return Refuse(ToStatus(interface.error()));
  }
  engine::HistoryAccess& history = broker_.history();
  Begin(request_.after_sequence(), history.LatestPreferenceEvent(), "list the preferences",
        [this, &history](std::optional<std::uint64_t> after) {
          return history.WatchPreferences(after, [this, &history](const engine::PreferenceEvent& event) {
            OnEvent(event.sequence, Wanted(event),
                    [&](v1::PreferenceEvent& out) { Fill(event, {history, MomentOf(broker_)}, out); });
          });
        });
}

bool WatchPreferencesStream::Wanted(const engine::PreferenceEvent& event) const {
  const auto* changed = std::get_if<history::FamilyPreference>(&event.what);
  if (changed == nullptr || request_.interface().empty()) return true;
  return broker_.history().InterfaceOf(changed->key.network) == request_.interface();
}

}  // namespace flowbroker::rpc
