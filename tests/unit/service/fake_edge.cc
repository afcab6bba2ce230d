#include "tests/unit/service/fake_edge.h"

#include <chrono>

namespace flowbroker::engine {

Expected<std::string> FakeEdge::MintToken(const flow::FlowId& id, const flow::Scope& /*scope*/) {
  if (id != known_) return Unexpected({FailureReason::kUnknownFlow, ""});
  return std::string("live");
}

TokenVerdict FakeEdge::VerifyToken(std::string_view token, const flow::Scope& /*scope*/) {
  using State = TokenVerdict::State;
  const flow::FlowAddresses addresses{
      Transport::kTcp, {*IpAddress::Parse("192.0.2.1"), 5060}, {*IpAddress::Parse("198.51.100.7"), 40000}};
  if (token == "live") return {.state = State::kLive, .flow = known_, .addresses = addresses};
  if (token == "gone") return {.state = State::kGone, .sip_status = 430, .addresses = addresses};
  return {.state = State::kForged, .sip_status = 403};
}

Expected<std::vector<bindings::BindOutcome>> FakeEdge::Bind(std::span<const bindings::BindRequest> requests,
                                                            const flow::Scope& /*scope*/) {
  const TimePoint now{std::chrono::steady_clock::now().time_since_epoch()};
  const std::lock_guard lock(mutex_);
  std::vector<bindings::BindOutcome> outcomes;
  for (const bindings::BindRequest& request : requests) {
    if (request.flow != known_) return Unexpected({FailureReason::kUnknownFlow, ""});
    bound_.push_back({.key = request.key,
                      .flow = request.flow,
                      .contact = request.contact,
                      .path = request.path,
                      .q = request.q,
                      .updated = now,
                      .expires = now + request.expires});
    outcomes.push_back({.change = bindings::BindingChange::kBound, .expires = now + request.expires});
  }
  return outcomes;
}

std::size_t FakeEdge::Unbind(const bindings::BindingKey& key) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(bound_, [&](const bindings::Binding& one) { return one.key == key; });
}

std::vector<bindings::Binding> FakeEdge::UnbindAll(const std::string& /*tenant*/, const std::string& aor) {
  const std::lock_guard lock(mutex_);
  std::vector<bindings::Binding> gone;
  std::erase_if(bound_, [&](const bindings::Binding& one) {
    if (one.key.aor != aor) return false;
    gone.push_back(one);
    return true;
  });
  return gone;
}

std::vector<bindings::LookupTarget> FakeEdge::Lookup(const std::string& /*tenant*/, const std::string& aor) {
  std::vector<bindings::LookupTarget> targets;
  for (const bindings::Binding& one : bound()) {
    if (one.key.aor == aor) targets.push_back({.binding = one});
  }
  return targets;
}

std::unique_ptr<EventSubscription> FakeEdge::WatchBindings(std::optional<std::uint64_t> /*after*/,
                                                           std::optional<std::string> /*tenant*/, EventSink /*sink*/) {
  return nullptr;
}

}  // namespace flowbroker::engine
