#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/base/ip_prefix.h"
#include "broker/base/target.h"

namespace flowbroker::location {

/// Addresses and ports that a rule is about.
struct EgressRule {
  IpPrefix prefix;
  std::uint16_t first_port = 0;
  std::uint16_t last_port = 65535;

  /// Reads "10.0.0.0/8", "192.0.2.1", "2001:db8::/32", and any of them with ports: "10.0.0.0/8:5060",
  /// "[2001:db8::/32]:5060-5080". Fails with kInvalidArgument and says what was expected; so does a prefix with host
  /// bits, as it says two things.
  static Expected<EgressRule> Parse(std::string_view text);

  bool Covers(const Endpoint& endpoint) const;
  /// As Parse reads it.
  std::string ToString() const;

  friend bool operator==(const EgressRule&, const EgressRule&) = default;
};

/// Where the broker may connect to, so that nobody reaches through it what he may not reach himself. Asked for every
/// target after resolution: a name is no way around it. An IPv6 address that stands for an IPv4 one (mapped,
/// compatible, translated, NAT64, 6to4) is judged as both, and both must be allowed. A value type.
struct EgressPolicy {
  std::vector<EgressRule> allow = {};
  std::vector<EgressRule> deny = {};
  bool only_allowed = false;  ///< deny what `allow` does not name; else only what `deny` or BuiltInDenials() does

  /// The first of these decides: `deny`, `allow`, the built-in denials, `only_allowed`.
  bool Allows(const Endpoint& endpoint) const;
  bool Allows(const Target& target) const { return Allows(target.endpoint); }

  friend bool operator==(const EgressPolicy&, const EgressPolicy&) = default;

 private:
  bool AllowsLiterally(const Endpoint& endpoint) const;
};

/// What no SIP peer lives on and what must not be reached through a broker: this host (loopback, unspecified),
/// link-local, site-local, multicast, broadcast, and the metadata services of cloud providers. Other addresses of this
/// host are not among them: where something listens there that peers may not reach, `deny` has to name them.
const std::vector<EgressRule>& BuiltInDenials();

}  // namespace flowbroker::location
