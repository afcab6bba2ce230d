#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "broker/base/ip_address.h"
#include "broker/dns/dns_name.h"

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

/// How full memory is, and how much it has forgotten for want of room.
struct HistoryOccupancy {
  std::size_t targets = 0;
  std::size_t prefixes = 0;
  std::uint64_t evicted_targets = 0;   ///< ever
  std::uint64_t evicted_prefixes = 0;  ///< ever
};

}  // namespace flowbroker::engine
