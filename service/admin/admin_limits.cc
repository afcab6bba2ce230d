#include "service/admin/admin_limits.h"

#include <algorithm>

namespace flowbroker::admin {

std::string_view NameOf(AdminLimit limit) {
  switch (limit) {
    case AdminLimit::kConnections:
      return "admin_connections";
    case AdminLimit::kCalls:
      return "admin_calls";
    case AdminLimit::kRate:
      return "admin_rate";
  }
  __builtin_unreachable();
}

void CallLimits::SetRate(std::size_t per_second) {
  constexpr std::size_t kHighest = 1'000'000;  // a call a microsecond: beyond what one thread can do
  rate_.reset();
  if (per_second == 0) return;
  const auto burst = static_cast<int>(std::min(per_second, kHighest));
  rate_ = std::make_unique<telemetry::RateLimiter>(burst, Duration(std::chrono::seconds(1)) / burst);
}

std::optional<AdminLimit> CallLimits::Reached(TimePoint now) {
  if (*in_flight_ >= kMaxCallsInFlight) return AdminLimit::kCalls;
  if (rate_ && !rate_->Take(now).pass) return AdminLimit::kRate;
  return std::nullopt;
}

}  // namespace flowbroker::admin
