#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "broker/engine/connection_broker.h"
#include "tests/unit/service/fake_edge.h"
#include "tests/unit/service/fake_history.h"
#include "tests/unit/service/fake_outbound.h"

namespace flowbroker::engine {

/// Stands in for the engine behind its own facade, with one thread in place of the shards. The user part of the URI
/// says how an Acquire ends: "pooled" inside the call, "later" on the thread, "fail" there with kTimedOut, anything
/// else not before Cancel or Stop. Every message sent comes back to its stream.
class FakeBroker : public FlowAccess {
  template <typename Function>
  auto Locked(Function function) const {
    const std::lock_guard lock(mutex_);
    return function();
  }

 public:
  FakeBroker();
  ~FakeBroker() override;

  /// The one made last.
  static FakeBroker& Last();

  static flow::FlowId KnownFlow() { return MakeFlow(1); }
  static flow::FlowId MakeFlow(std::uint8_t number);
  static FlowView ViewOf(const flow::FlowId& id);

  std::optional<RequestHandle> Acquire(const AcquireRequest& request, AcquireCallback done);
  void Cancel(RequestHandle handle);
  RelayId AttachRelay(std::string group, std::shared_ptr<RelaySink> sink);
  void DetachRelay(RelayId relay);
  void ResumeRelay(RelayId relay);
  std::vector<ConnectionBroker::SendRefusal> Send(RelayId relay, std::span<const OutboundMessage> messages);
  void Stop();

  Expected<void> Release(const flow::FlowId& id, const flow::Scope& scope) override;
  Expected<void> Close(const flow::FlowId& id, const flow::Scope& scope) override { return Release(id, scope); }
  std::optional<FlowView> Get(const flow::FlowId& id, const flow::Scope& scope) const override;
  std::vector<FlowView> List(std::optional<flow::FlowId> after, std::size_t count,
                             const flow::Scope& scope) const override;
  void Probe(const flow::FlowId& id, const flow::Scope& scope, TimePoint deadline, ProbeCallback done) override;
  Expected<void> SetKeepAlive(const flow::FlowId& id, const flow::Scope& scope, flow::KeepAliveMethod method,
                              std::optional<Duration> flow_timer) override;
  bool Report(const TransactionReport& report, const flow::Scope& scope) override;
  std::unique_ptr<EventSubscription> Watch(std::optional<std::uint64_t> after_sequence,
                                           std::optional<std::string> tenant, EventSink sink) override;
  std::uint64_t LatestEvent() const override { return latest_event; }

  /// Tells the watchers, on the calling thread.
  void Emit(std::uint64_t sequence);

  /// Whose flows a call was allowed to touch, or whom it was made for, in the order of the calls.
  struct Seen {
    std::string call;
    flow::Scope scope;
  };
  void Note(std::string call, const flow::Scope& scope) const;
  void Note(std::string call, const flow::Owner& owner) const {
    Note(std::move(call), flow::Scope{owner.tenant, owner.client_group});
  }
  std::vector<Seen> seen() const {
    return Locked([&] { return seen_; });
  }

  // What tests look at; wait with Eventually().
  /// What SetKeepAlive was last called with.
  using KeepAlive = std::pair<flow::KeepAliveMethod, std::optional<Duration>>;
  std::optional<KeepAlive> keep_alive() const {
    return Locked([&] { return keep_alive_; });
  }
  std::size_t cancelled() const {
    return Locked([&] { return cancelled_; });
  }
  std::size_t waiting() const {
    return Locked([&] { return waiting_.size(); });
  }
  std::size_t relays() const {
    return Locked([&] { return relays_.size(); });
  }
  std::size_t watchers() const {
    return Locked([&] { return watchers_.size(); });
  }
  std::size_t held_back() const {
    return Locked([&] { return held_back_; });
  }
  FakeEdge edge{KnownFlow()};
  std::atomic<std::uint64_t> latest_event = 0;
  std::atomic<bool> events_gone = false;
  FakeHistory memory;
  FakeOutbound outbound;

 private:
  struct Relay {
    std::shared_ptr<RelaySink> sink;
    std::deque<InboundMessage> inbound;
  };

  void Run();
  void Post(std::function<void()> task);
  void Deliver(RelayId relay);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::map<std::uint64_t, AcquireCallback> waiting_;
  std::mutex relay_mutex_;  // held during offers, so that none comes after DetachRelay
  std::map<RelayId, Relay> relays_;
  std::map<std::uint64_t, EventSink> watchers_;
  std::uint64_t next_ = 1;
  std::size_t cancelled_ = 0;
  std::size_t held_back_ = 0;
  mutable std::vector<Seen> seen_;
  std::optional<KeepAlive> keep_alive_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Polls until `condition` holds, at most 20 s.
bool Eventually(const std::function<bool()>& condition);

}  // namespace flowbroker::engine
