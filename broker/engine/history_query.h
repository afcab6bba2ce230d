#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "broker/base/ip_address.h"
#include "broker/dns/dns_name.h"
#include "broker/history/reachability_history.h"

namespace flowbroker::engine {

/// What one asks memory about: a host name, not the root, or an address.
using Host = std::variant<IpAddress, dns::DnsName>;

/// How much was forgotten.
struct Forgotten {
  std::size_t targets = 0;
  std::size_t prefixes = 0;

  Forgotten& operator+=(const Forgotten& more) {
    targets += more.targets;
    prefixes += more.prefixes;
    return *this;
  }
};

/// How full memory is, how much it has forgotten for want of room, and how often what it held came back.
struct HistoryOccupancy {
  std::size_t targets = 0;
  std::size_t prefixes = 0;
  std::uint64_t evicted_targets = 0;   ///< ever
  std::uint64_t evicted_prefixes = 0;  ///< ever
  history::Restorations restored = {};
};

/// How many prefixes memory holds, by what it thinks of them.
struct PreferenceCounts {
  using ByTransportAndFamily = std::array<std::array<std::size_t, 2>, 3>;  ///< in the order of their enumerators
  ByTransportAndFamily preferring{};                                       ///< that family, today
  ByTransportAndFamily held{};                                             ///< prefixes of that family
};

}  // namespace flowbroker::engine
