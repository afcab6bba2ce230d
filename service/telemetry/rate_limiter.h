#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>

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

/// A RateLimiter for each of `kShares` groups of tenants, so that one who makes much noise silences a few others at
/// most. Bounded, whoever calls: in all `kShares` times what one lets through. Any thread.
class TenantRateLimiter {
 public:
  /// A tenant has one chance in 32 to suffer from a noisy one; 32 lines a second with their traces are about 100 KB.
  static constexpr std::size_t kShares = 32;

  TenantRateLimiter(int burst, Duration interval) {
    for (std::size_t i = 0; i < kShares; ++i) shares_.emplace_back(burst, interval);
  }

  RateLimiter::Verdict Take(std::string_view tenant, TimePoint now) {
    return shares_[std::hash<std::string_view>{}(tenant) % kShares].Take(now);
  }

 private:
  std::deque<RateLimiter> shares_;  // cannot be moved
};

}  // namespace flowbroker::telemetry
