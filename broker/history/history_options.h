#pragma once

#include <chrono>
#include <cstddef>

#include "broker/base/time.h"

namespace flowbroker::history {

/// How much memory keeps, and for how long.
struct HistoryOptions {
  std::size_t max_targets = 100'000;  ///< at least 1; the one recorded least recently is forgotten; 230 B each
  std::size_t max_prefixes = 20'000;  ///< at least 1; the one recorded least recently is forgotten; 290 B each
  int ipv4_prefix_bits = 24;          ///< 0 to 32; the longest prefix that is routed on its own in the Internet
  int ipv6_prefix_bits = 48;          ///< 0 to 128; what one site usually gets (RFC 6177)
  /// Evidence loses half its weight in this time: some minutes of failures must not outweigh the present for hours.
  Duration half_life = std::chrono::minutes(10);
  Duration lifetime = std::chrono::hours(1);  ///< without new evidence nothing is known any more after this (S6)
  /// Longest time without a head start for a preferred target (H3: "at least every 10 minutes").
  Duration max_hold = std::chrono::minutes(10);
  /// The same after a quick failure such as a refusal: a server that restarts is back within a minute, and trying it
  /// costs a race one round trip, not a whole attempt delay.
  Duration quick_hold = std::chrono::minutes(1);
  /// A held path that then answers within this time is not slow, however quick the one was that overtook it: so long a
  /// head start an unknown path gets as well (H7).
  Duration least_slow = std::chrono::milliseconds(200);
  /// Longest time that a `Retry-After` with a 503 is believed (D6): one caller's report counts for all.
  Duration max_unavailable = std::chrono::hours(1);
  Duration first_reprobe = std::chrono::seconds(1);     ///< of a held target in the background; doubles each time ...
  Duration longest_reprobe = std::chrono::seconds(60);  ///< ... up to this; each but the first varies by +-10 %
};

}  // namespace flowbroker::history
