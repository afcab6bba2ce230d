#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "broker/engine/broker_observer.h"
#include "service/config/service_config.h"
#include "service/rpc/caller.h"
#include "service/rpc/tenants.h"

namespace flowbroker::rpc {

/// What a call asks of the broker.
enum class CallKind {
  kCall,     ///< something about what is there
  kNewWork,  ///< a new flow: refused while the server drains
  kStream,   ///< stays open
};

class CallGate;
class Entrance;

/// What a call that was let in has: its caller, and its place among what its tenant has under way.
class Admission {
 public:
  Admission() = default;
  ~Admission() { Release(); }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  const Caller& caller() const { return caller_; }

  /// The call is over.
  void Release();

 private:
  friend class CallGate;
  class Entrance;
  Caller caller_;
  CallGate* gate_ = nullptr;  // null: not counted
  Tenants::Seat seat_{};
};

/// Every call comes through here before its handler runs: it finds out who calls, refuses whoever cannot be told or has
/// too much under way, and refuses new work while the server drains. Any thread.
///
/// Where no port has TLS all callers are of this host, and a call costs two loads of an atomic here.
class CallGate {
 public:
  /// `tls`: whether callers may come over TLS. `observer` may be null and is told of every limit that was hit.
  CallGate(const config::ServiceConfig& config, bool tls, engine::BrokerObserver* observer);

  /// Limits and operators, from the next call on.
  void Apply(const config::ServiceConfig& config);

  /// The way in for calls of one kind.
  Entrance For(CallKind kind);

  /// From now on new work is refused.
  void BeginDrain() { draining_ = true; }

  /// Lets the call in and fills `admission`, or says what to answer instead.
  std::optional<grpc::Status> Admit(grpc::ServerContext& context, CallKind kind, Admission& admission) {
    if (kind == CallKind::kNewWork && draining_.load(std::memory_order_relaxed)) return RefuseNewWork();
    if (tls_) return AdmitPeer(context, kind, admission);
    admission.caller_.is_operator = true;
    return std::nullopt;
  }

 private:
  friend class Admission;

  static grpc::Status RefuseNewWork();
  std::optional<grpc::Status> AdmitPeer(grpc::ServerContext& context, CallKind kind, Admission& admission);
  std::optional<Tenants::Refusal> Enter(CallKind kind, Admission& admission);
  void Leave(const Tenants::Seat& seat);

  const bool tls_;
  engine::BrokerObserver* const observer_;
  std::atomic<bool> draining_ = false;
  std::mutex mutex_;
  std::unordered_set<std::string> operators_;  // guarded by mutex_
  Tenants tenants_;                            // guarded by mutex_
};

/// What a method lets its calls in by.
class Entrance {
 public:
  /// For health checks: whoever has got as far as to call may, and is not counted.
  static Entrance OpenToAll() { return {nullptr, CallKind::kCall}; }

  std::optional<grpc::Status> Admit(grpc::ServerContext& context, Admission& admission) const {
    if (gate_ == nullptr) return std::nullopt;
    return gate_->Admit(context, kind_, admission);
  }

 private:
  friend class CallGate;
  Entrance(CallGate* gate, CallKind kind) : gate_(gate), kind_(kind) {}
  CallGate* gate_;
  CallKind kind_;
};

inline Entrance CallGate::For(CallKind kind) {
  return {this, kind};
}

}  // namespace flowbroker::rpc
