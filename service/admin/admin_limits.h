#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "broker/base/time.h"
#include "service/telemetry/rate_limiter.h"

namespace flowbroker::admin {

/// The bounds of the listener. A call that hits one is answered 429 with Retry-After, a connection is closed.
inline constexpr std::size_t kMaxConnections = 512;
/// One call per connection at a time; what is left is for metrics and probes.
inline constexpr std::size_t kMaxCallsInFlight = 448;
inline constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;
inline constexpr std::uint64_t kMaxBodyBytes = 64 * 1024;
/// For a request to come, idle time before it included, and for its answer to go. What sends slower is cut off.
inline constexpr std::chrono::seconds kTransferTimeout{10};

/// Which of them was hit, as metrics name it.
enum class AdminLimit : std::uint8_t {
  kConnections,  ///< "admin_connections"
  kCalls,        ///< "admin_calls": in flight
  kRate,         ///< "admin_rate": setting admin-calls-per-second, or scrapes
};

std::string_view NameOf(AdminLimit limit);

/// Counts the calls in flight and those of the last second. The admin thread only.
class CallLimits {
 public:
  /// A call in flight, until it is destroyed.
  class [[nodiscard]] Lease {
   public:
    explicit Lease(std::shared_ptr<std::size_t> in_flight) : in_flight_(std::move(in_flight)) { ++*in_flight_; }
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (in_flight_) --*in_flight_;
    }

   private:
    std::shared_ptr<std::size_t> in_flight_;
  };

  /// Calls per second, as many at once; 0: no limit. Forgets those of the last second.
  void SetRate(std::size_t per_second);

  /// The limit that is reached, or nothing where a call may be begun; it is counted in the rate then.
  std::optional<AdminLimit> Reached(TimePoint now);

  Lease Begin() { return Lease(in_flight_); }

 private:
  std::unique_ptr<telemetry::RateLimiter> rate_;  // null: no limit
  std::shared_ptr<std::size_t> in_flight_ = std::make_shared<std::size_t>(0);
};

}  // namespace flowbroker::admin
