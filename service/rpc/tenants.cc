#include "service/rpc/tenants.h"

#include <algorithm>
#include <chrono>

namespace flowbroker::rpc {
namespace {

constexpr Duration kBurst = std::chrono::seconds(1);

/// A tenant that makes one call after the other shall not be made anew for each.
constexpr Duration kKept = std::chrono::seconds(1);

/// Forgotten per call: more than one, so that there are not more of them for ever after a burst of tenants.
constexpr int kForgottenPerCall = 2;

bool IsFull(std::size_t count, std::size_t limit) {
  return limit > 0 && count >= limit;
}

}  // namespace

Tenants::Tenants(const Limits& limits) : limits_(limits) {}

Tenants::~Tenants() = default;

tl::expected<Tenants::Seat, Tenants::Refusal> Tenants::Enter(std::string_view name, Kind kind, TimePoint now) {
  ForgetIdle(now);
  Tenant* const tenant = FindOrAdd(name, now);
  if (tenant == nullptr) return tl::unexpected(Refusal{engine::Limit::kTenants});
  if (const auto refusal = RefusalFor(*tenant, kind, now)) return tl::unexpected(*refusal);
  if (tenant->calls + tenant->streams == 0) idle_.erase(tenant->idle);
  tenant->full_at = std::max(tenant->full_at, now) + TokenTime();
  ++(kind == Kind::kStream ? tenant->streams : tenant->calls);
  return Seat{tenant, kind};
}

void Tenants::Leave(const Seat& seat) {
  Tenant& tenant = *seat.tenant;
  --(seat.kind == Kind::kStream ? tenant.streams : tenant.calls);
  if (tenant.calls + tenant.streams == 0) tenant.idle = idle_.insert(idle_.end(), &tenant);
}

Tenants::Tenant* Tenants::FindOrAdd(std::string_view name, TimePoint now) {
  if (const auto found = tenants_.find(name); found != tenants_.end()) return &found->second;
  if (IsFull(tenants_.size(), limits_.tenants)) return nullptr;
  const auto added = tenants_.emplace(std::string(name), Tenant{}).first;
  Tenant& tenant = added->second;
  tenant.name = &added->first;
  tenant.full_at = now;
  tenant.idle = idle_.insert(idle_.end(), &tenant);
  return &tenant;
}

std::optional<Tenants::Refusal> Tenants::RefusalFor(const Tenant& tenant, Kind kind, TimePoint now) const {
  if (kind == Kind::kCall && IsFull(tenant.calls, limits_.calls_in_flight)) {
    return Refusal{engine::Limit::kTenantCalls};
  }
  if (kind == Kind::kStream && IsFull(tenant.streams, limits_.streams)) return Refusal{engine::Limit::kTenantStreams};
  const TimePoint full_at = std::max(tenant.full_at, now) + TokenTime();
  if (full_at - now <= kBurst) return std::nullopt;
  return Refusal{engine::Limit::kTenantRate, full_at - now - kBurst};
}

Duration Tenants::TokenTime() const {
  if (limits_.calls_per_second == 0) return Duration::zero();
  return kBurst / static_cast<Duration::rep>(limits_.calls_per_second);
}

void Tenants::ForgetIdle(TimePoint now) {
  for (int n = 0; n < kForgottenPerCall && !idle_.empty(); ++n) {
    const Tenant& longest = *idle_.front();
    if (now - longest.full_at < kKept) return;
    const std::string& name = *longest.name;
    idle_.pop_front();
    tenants_.erase(tenants_.find(name));
  }
}

}  // namespace flowbroker::rpc
