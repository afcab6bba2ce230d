#include "service/rpc/deadline.h"

#include <grpc/support/time.h>

#include <algorithm>

namespace flowbroker::rpc {

Duration WorkTime(Duration left, Duration max) {
  if (left <= Duration::zero()) return Duration::zero();
  if (left >= max) return max;
  return left - std::min<Duration>(left / 20, std::chrono::milliseconds(50));
}

bool IsAbsurd(std::int64_t left) {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  constexpr std::int64_t kCentury = 100 * 365 * kDay;  // an absent deadline shows as more than two
  return left >= kDay && left < kCentury;
}

std::optional<Duration> TimeLeft(const grpc::ServerContext& context, Duration max) {
  const gpr_timespec deadline = context.raw_deadline();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  if (IsAbsurd(left.tv_sec)) return std::nullopt;
  const std::int64_t max_seconds = std::chrono::duration_cast<std::chrono::seconds>(max).count();
  if (left.tv_sec > max_seconds) return max;
  if (left.tv_sec < 0) return Duration::zero();
  return WorkTime(std::chrono::seconds(left.tv_sec) + std::chrono::nanoseconds(left.tv_nsec), max);
}

}  // namespace flowbroker::rpc
