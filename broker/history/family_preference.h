#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "broker/base/failure.h"
#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/base/transport.h"
#include "broker/history/path.h"
#include "broker/history/verdict.h"

namespace flowbroker::history {

/// The addresses that share a path with a target: its prefix and, since firewalls look at it, its transport (H4).
struct PrefixKey {
  NetworkId network;
  IpAddress prefix;  ///< host bits are zero
  Transport transport;
  friend bool operator==(const PrefixKey&, const PrefixKey&) = default;
  friend auto operator<=>(const PrefixKey&, const PrefixKey&) = default;
};

/// What memory knows of one prefix, and which address family is used today for hosts that have an address in it.
struct FamilyPreference {
  PrefixKey key;
  int prefix_bits;
  /// The prefix's own family unless it is held; then, and where the other family won the last race in which this
  /// prefix was a candidate, the other one.
  AddressFamily preferred;
  double confidence;     ///< 0 to 1: how probable it is that the preferred family works better, from decayed evidence
  TimePoint since;       ///< the preference is what it is
  std::uint64_t wins;    ///< races between both families that the prefix's family won
  std::uint64_t losses;  ///< races that the other family won
  Reachability reachability;
  std::optional<FailureReason> failure;  ///< why it is held
  std::optional<Duration> smoothed_rtt;  ///< of the first stage
  TimePoint next_reprobe;                ///< kNever where it is not held
};

}  // namespace flowbroker::history

template <>
struct std::hash<flowbroker::history::PrefixKey> {
  std::size_t operator()(const flowbroker::history::PrefixKey& key) const noexcept {
    return (std::hash<flowbroker::IpAddress>{}(key.prefix) * 4 + static_cast<std::size_t>(key.transport)) ^
           (key.network.value * 0x9E3779B97F4A7C15ULL);
  }
};
