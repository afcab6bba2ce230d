#pragma once

#include <grpcpp/server.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "flowbroker/v1/edge_service.grpc.pb.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "flowbroker/v1/outbound_service.grpc.pb.h"

namespace flowbroker::client {

/// A value another thread waits for; the wait is bounded so that a broken test ends.
template <typename T>
class Promise {
 public:
  void Set(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    changed_.notify_all();
  }
  std::optional<T> Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [this] { return value_.has_value(); });
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<T> value_;
};

/// A list another thread waits for to grow.
template <typename T>
class Collector {
 public:
  void Add(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  /// All values once there are `count` of them, or what there is after a while.
  std::vector<T> WaitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return values_.size() >= count; });
    return values_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

/// An error status as the broker makes it: the trace as a detail of a google.rpc.Status.
grpc::Status ErrorStatus(grpc::StatusCode code, const std::string& message, const v1::Trace& trace);

/// A broker in this process, on a Unix socket of its own, that answers as the test says. Relay echoes: each message
/// comes back on its flow, those for the flow "gone" as send failures; for one to the flow "draining" it says that it
/// drains; what comes back on the flow "edge" is a user agent's. The token of a flow is "token of " and its id.
class FakeBroker {
 public:
  FakeBroker();
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;
  ~FakeBroker();

  const std::string& address() const { return address_; }
  /// Ends all calls and closes the socket.
  void Stop();

  /// What Acquire answers; called by gRPC's threads. Set before the first call.
  std::function<grpc::Status(grpc::ServerContext&, const v1::AcquireRequest&, v1::AcquireResponse&)> on_acquire;
  /// What comes back on a flow for a message; empty: nothing. Absent: the message itself.
  std::function<std::string(const std::string& message)> on_message;
  std::vector<v1::FamilyPreference> preferences;  ///< in pages of two; set before the first call, like the next
  std::vector<v1::Race> races;                    ///< in pages of two at most
  std::vector<v1::PreferenceEvent> preference_events;
  Promise<v1::GetReachabilityRequest> asked;  ///< of one host "known", nothing is known of others
  Promise<v1::ResetHistoryRequest> reset;
  Promise<v1::SetKeepAliveRequest> keep_alive;
  Promise<v1::BindRequest> bound;  ///< one contact replaced, one taken out, whatever was asked for
  Promise<v1::UnbindRequest> unbound;
  std::vector<v1::BindingTarget>
      targets;  ///< set before the first call, like the next; of their own addresses-of-record
  std::vector<v1::BindingEvent> binding_events;
  Promise<std::string> watched_aor;
  /// What is known of flow sets; set before the first call, in pages of one. Every ensured set is the first of them.
  std::vector<v1::FlowSet> flow_sets;
  std::vector<v1::FlowSetEvent> flow_set_events;
  Promise<v1::EnsureFlowSetRequest> ensured;
  Promise<std::string> deleted_set;
  Promise<v1::ReportRegistrationRequest> registration;
  std::vector<v1::FlowEvent> events;   ///< what WatchFlows knows; set before the first call
  Collector<v1::RelayRequest> frames;  ///< of all Relay streams
  Promise<bool> release_relay;         ///< where hold_relay: the relay reads its second frame once this is set
  bool hold_relay = false;
  Promise<bool> relay_gone;  ///< a Relay stream has ended

 private:
  class Broker;
  class Flows;
  class Edge;
  class History;
  class Outbound;
  std::string directory_;
  std::string address_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<Flows> flows_;
  std::unique_ptr<Edge> edge_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Outbound> outbound_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace flowbroker::client
