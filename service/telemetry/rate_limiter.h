#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>

#include "broker/base/time.h"

namespace flowbroker::telemetry {

/// Lets `burst` events through at once and one more every `interval`; counts the others. A token bucket. Any thread.
class RateLimiter {
 public:
  RateLimiter(int burst, Duration interval) : interval_(interval), window_(interval * burst) {}

  /// How many were turned away since the last one let through; nothing where this one is turned away too.
  struct Verdict {
    bool pass;
    std::uint64_t suppressed;
  };
  Verdict Take(TimePoint now) {
    const std::lock_guard lock(mutex_);
    const TimePoint next = std::max(spent_until_, now) + interval_;
    if (next - now > window_) {
      ++suppressed_;
      return {false, 0};
    }
    spent_until_ = next;
    const std::uint64_t suppressed = suppressed_;
    suppressed_ = 0;
    return {true, suppressed};
  }

 private:
  const Duration interval_;
  const Duration window_;
  std::mutex mutex_;
  TimePoint spent_until_{};
  std::uint64_t suppressed_ = 0;
};

}  // namespace flowbroker::telemetry
