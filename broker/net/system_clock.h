#pragma once

#include <chrono>

#include "broker/base/time.h"

namespace flowbroker::net {

/// The real, steady clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(std::chrono::steady_clock::now().time_since_epoch()); }
};

}  // namespace flowbroker::net
