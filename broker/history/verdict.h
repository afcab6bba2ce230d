#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/base/failure.h"
#include "broker/base/time.h"

namespace flowbroker::history {

/// What memory says of a path before the next attempt on it.
enum class Reachability : std::uint8_t {
  kUnknown,      ///< no evidence, or too old: plain RFC 3263 and RFC 6724 order (S6)
  kReachable,    ///< this very target answered lately
  kSlow,         ///< it answers, but so late that it lost its head start; behind the others of its host
  kUnreachable,  ///< held for silence or refusal: behind everything else (S3)
};

/// The level of memory that a verdict comes from, most specific first.
enum class Level : std::uint8_t {
  kTarget,  ///< address, port and transport
  kPrefix,  ///< the addresses that share a path: /24, /48 (H4)
  kFamily,  ///< all of IPv4 or IPv6 on one network
};

/// "unknown", "reachable", "slow" or "unreachable".
std::string_view ToString(Reachability reachability);
/// "target", "prefix" or "family".
std::string_view ToString(Level level);

struct Verdict {
  Reachability reachability = Reachability::kUnknown;
  Level level = Level::kTarget;               ///< meaningful unless kUnknown
  std::optional<FailureReason> failure = {};  ///< why it is held; set where kSlow or kUnreachable
  TimePoint since{};                          ///< of the hold; meaningful where kSlow or kUnreachable
  /// The time of its hold is over and it is this race that gives it its head start again (H3); kUnknown otherwise.
  bool head_start = false;
  bool unavailable = false;  ///< its server said 503 and the time it gave is not over (D6)
};

}  // namespace flowbroker::history
