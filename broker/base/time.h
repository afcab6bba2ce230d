#pragma once

#include <chrono>

namespace flowbroker {

/// The one time line of the broker. It has no `now()` on purpose: time is an argument of every decision, and only the
/// driver that holds a `Clock` may ask for it.
struct Timeline {
  using rep = std::chrono::nanoseconds::rep;
  using period = std::chrono::nanoseconds::period;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Timeline>;
  static constexpr bool is_steady = true;
};

using Duration = Timeline::duration;
using TimePoint = Timeline::time_point;

/// "Never": a deadline that does not come. A value, so that no flag is needed beside a deadline.
inline constexpr TimePoint kNever = TimePoint::max();

/// Source of the present moment. Drivers own one; pure code never sees it. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
};

/// `d` in milliseconds, with fractions, for people to read.
constexpr double ToMilliseconds(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace flowbroker
