#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/bindings/binding_table.h"
#include "broker/engine/event_log.h"

namespace flowbroker::engine {

/// A change of a binding, numbered for whoever watches.
struct RegistrationEvent {
  std::uint64_t sequence = 0;
  TimePoint time;
  bindings::BindingChange change;
  bindings::Binding binding;
};

inline const std::string& TenantOf(const RegistrationEvent& event) {
  return event.binding.key.tenant;
}

struct RegistrarOptions {
  bindings::BindingOptions bindings = {};
  std::size_t kept_events = 10'000;  ///< that a WatchBindings can resume from
};

/// Who is reachable over which flow, for all shards (B1-B6). Thread-safe. Its lock is taken after a shard's and with no
/// other lock inside but the event log's.
class Registrar {
 public:
  /// `tenant_share`: of the events kept, in percent. `random` is used at once, and not kept.
  Registrar(const RegistrarOptions& options, int tenant_share, RandomSource& random);

  /// All of them or none.
  /// @pre All are of one AOR and one flow; the lock of its shard is held and it is open: then no binding outlives its
  /// flow (B4).
  Expected<std::vector<bindings::BindOutcome>> Bind(std::span<const bindings::BindRequest> requests, TimePoint now);
  /// What was taken out.
  std::optional<bindings::Binding> Unbind(const bindings::BindingKey& key, TimePoint now);
  std::vector<bindings::Binding> UnbindAll(const std::string& tenant, const std::string& aor, TimePoint now);
  std::vector<bindings::LookupTarget> Lookup(const std::string& tenant, const std::string& aor, TimePoint now) const;

  bool HasBindings(const flow::FlowId& flow) const;
  /// Takes all bindings of the flow out. Costs next to nothing where there are no bindings at all.
  void OnFlowClosed(const flow::FlowId& flow, TimePoint now);

  /// When OnTimer is due. Cheap: no lock.
  TimePoint NextDeadline() const { return TimePoint(Duration(next_deadline_.load(std::memory_order_relaxed))); }
  void OnTimer(TimePoint now);

  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  EventLog<RegistrationEvent>& events() { return events_; }

 private:
  void Publish(const bindings::BindingEvent& event, TimePoint now);
  /// What is read without the lock.
  void NoteState();

  mutable std::mutex mutex_;
  bindings::BindingTable table_;  // under mutex_
  EventLog<RegistrationEvent> events_;
  std::atomic<Duration::rep> next_deadline_ = kNever.time_since_epoch().count();
  std::atomic<std::size_t> size_ = 0;
};

}  // namespace flowbroker::engine
