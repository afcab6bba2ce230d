#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/base/ip_prefix.h"

namespace flowbroker::location {

/// Addresses and ports that a rule is about.
struct EgressRule {
  IpPrefix prefix;
  std::uint16_t first_port = 0;
  std::uint16_t last_port = 65535;

  /// Reads "10.0.0.0/8", "192.0.2.1", "2001:db8::/32", and any of them with ports: "10.0.0.0/8:5060",
  /// "[2001:db8::/32]:5060-5080". Fails with kInvalidArgument and says what was expected.
  static Expected<EgressRule> Parse(std::string_view text);

  bool Covers(const Endpoint& endpoint) const;
  /// As Parse reads it.
  std::string ToString() const;

  friend bool operator==(const EgressRule&, const EgressRule&) = default;
};

/// Where the broker may connect to, so that nobody reaches through it what he may not reach himself. Asked for every
/// target after resolution: a name is no way around it. An IPv6 address that stands for an IPv4 one (mapped, NAT64,
/// 6to4) is judged as both. A value type.
struct EgressPolicy {
  std::vector<EgressRule> allow = {};
  std::vector<EgressRule> deny = {};
  bool only_allowed = false;  ///< deny what `allow` does not name; else only what `deny` or BuiltInDenials() does

  /// The first of these decides: `deny`, `allow`, the built-in denials, `only_allowed`.
  bool Allows(const Endpoint& endpoint) const;

  friend bool operator==(const EgressPolicy&, const EgressPolicy&) = default;
};

/// What no SIP peer lives on and what must not be reached through a broker: this host (loopback, unspecified),
/// link-local, multicast, broadcast, and the metadata services of cloud providers.
const std::vector<EgressRule>& BuiltInDenials();

}  // namespace flowbroker::location
