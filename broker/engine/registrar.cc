#include "broker/engine/registrar.h"

namespace flowbroker::engine {
namespace {

/// Looked at in one turn, about 0.1 ms: calls for bindings wait no longer for the lock.
constexpr std::size_t kExpiredPerTurn = 256;

bindings::BindingEvent EventOf(const bindings::BindRequest& request, const bindings::BindOutcome& outcome,
                               TimePoint now) {
  return {outcome.change,
          {.key = request.key,
           .flow = request.flow,
           .contact = request.contact,
           .path = request.path,
           .q = request.q,
           .updated = now,
           .expires = outcome.expires}};
}

}  // namespace

Registrar::Registrar(const RegistrarOptions& options, int tenant_share, RandomSource& random)
    : table_(options.bindings, random), events_(options.kept_events, tenant_share) {}

Expected<std::vector<bindings::BindOutcome>> Registrar::Bind(std::span<const bindings::BindRequest> requests,
                                                             TimePoint now) {
  const std::lock_guard lock(mutex_);
  auto outcomes = table_.BindAll(requests, now);
  if (!outcomes) return outcomes;
  for (std::size_t i = 0; i < requests.size(); ++i) Publish(EventOf(requests[i], (*outcomes)[i], now), now);
  NoteState();
  return outcomes;
}

std::optional<bindings::Binding> Registrar::Unbind(const bindings::BindingKey& key, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const auto event = table_.Unbind(key);
  if (!event) return std::nullopt;
  Publish(*event, now);
  NoteState();
  return event->binding;
}

std::vector<bindings::Binding> Registrar::UnbindAll(const std::string& tenant, const std::string& aor, TimePoint now) {
  const std::lock_guard lock(mutex_);
  std::vector<bindings::Binding> gone;
  for (const bindings::BindingEvent& event : table_.UnbindAll(tenant, aor)) {
    Publish(event, now);
    gone.push_back(event.binding);
  }
  NoteState();
  return gone;
}

std::vector<bindings::LookupTarget> Registrar::Lookup(const std::string& tenant, const std::string& aor,
                                                      TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return table_.Lookup(tenant, aor, now);
}

bool Registrar::HasBindings(const flow::FlowId& flow) const {
  const std::lock_guard lock(mutex_);
  return table_.HasBindings(flow);
}

void Registrar::OnFlowClosed(const flow::FlowId& flow, TimePoint now) {
  if (size() == 0) return;
  const std::lock_guard lock(mutex_);
  for (const bindings::BindingEvent& event : table_.OnFlowClosed(flow)) Publish(event, now);
  NoteState();
}

void Registrar::OnTimer(TimePoint now) {
  if (now < NextDeadline()) return;
  const std::lock_guard lock(mutex_);
  for (const bindings::BindingEvent& event : table_.OnTimer(now, kExpiredPerTurn)) Publish(event, now);
  NoteState();
}

void Registrar::Publish(const bindings::BindingEvent& event, TimePoint now) {
  events_.Append({.time = now, .change = event.change, .binding = event.binding});
}

void Registrar::NoteState() {
  next_deadline_.store(table_.NextDeadline().time_since_epoch().count(), std::memory_order_relaxed);
  size_.store(table_.size(), std::memory_order_relaxed);
}

}  // namespace flowbroker::engine
