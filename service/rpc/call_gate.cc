#include "service/rpc/call_gate.h"

#include "broker/net/system_clock.h"
#include "service/rpc/caller_identity.h"
#include "service/rpc/peer_identity.h"
#include "service/rpc/status_mapping.h"

namespace flowbroker::rpc {
namespace {

Tenants::Limits LimitsOf(const config::ServiceConfig& config) {
  return {.calls_per_second = config.tenant_calls_per_second,
          .calls_in_flight = config.tenant_calls_in_flight,
          .streams = config.tenant_streams,
          .tenants = config.max_tenants};
}

/// DNS names as identities have them, whatever case they were written in.
std::unordered_set<std::string> OperatorsOf(const config::ServiceConfig& config) {
  std::unordered_set<std::string> operators;
  for (const std::string& name : config.operators) operators.insert(WithCaseOfIdentity(name));
  return operators;
}

/// The setting that sets `limit`, which Tenants gave.
const char* SettingOf(engine::Limit limit) {
  if (limit == engine::Limit::kTenantRate) return "tenant-calls-per-second";
  if (limit == engine::Limit::kTenantCalls) return "tenant-calls-in-flight";
  if (limit == engine::Limit::kTenantStreams) return "tenant-streams";
  return "max-tenants";
}

}  // namespace

void Admission::Release() {
  if (CallGate* const gate = std::exchange(gate_, nullptr)) gate->Leave(seat_);
}

CallGate::CallGate(const config::ServiceConfig& config, bool tls, engine::BrokerObserver* observer)
    : tls_(tls), observer_(observer), operators_(OperatorsOf(config)), tenants_(LimitsOf(config)) {}

void CallGate::Apply(const config::ServiceConfig& config) {
  const std::lock_guard lock(mutex_);
  operators_ = OperatorsOf(config);
  tenants_.Apply(LimitsOf(config));
}

grpc::Status CallGate::RefuseNewWork() {
  return DrainingStatus();
}

std::optional<grpc::Status> CallGate::AdmitPeer(grpc::ServerContext& context, CallKind kind, Admission& admission) {
  Caller& caller = admission.caller_;
  caller = {};
  auto tenant = TenantOf(context);
  if (!tenant) return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, tenant.error().detail);
  caller.tenant = *std::move(tenant);
  if (caller.tenant.empty()) {
    caller.is_operator = true;
    return std::nullopt;
  }
  const auto refusal = Enter(kind, admission);
  if (!refusal) return std::nullopt;
  if (observer_ != nullptr) observer_->OnLimit(refusal->limit);
  return LimitStatus(SettingOf(refusal->limit), refusal->retry_after);
}

std::optional<Tenants::Refusal> CallGate::Enter(CallKind kind, Admission& admission) {
  const auto counted = kind == CallKind::kStream ? Tenants::Kind::kStream : Tenants::Kind::kCall;
  Caller& caller = admission.caller_;
  const std::lock_guard lock(mutex_);
  const auto seat = tenants_.Enter(caller.tenant, counted, net::SystemClock().Now());
  if (!seat) return seat.error();
  caller.is_operator = operators_.contains(caller.tenant);
  admission.seat_ = *seat;
  admission.gate_ = this;
  return std::nullopt;
}

void CallGate::Leave(const Tenants::Seat& seat) {
  const std::lock_guard lock(mutex_);
  tenants_.Leave(seat);
}

}  // namespace flowbroker::rpc
