#include "broker/location/egress_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace flowbroker::location {
namespace {

Unexpected Malformed(std::string_view text) {
  return Unexpected({FailureReason::kInvalidArgument,
                     "\"" + std::string(text) +
                         "\": expected an address or a prefix, with ports after it where only those are meant: "
                         "10.0.0.0/8, 192.0.2.1:5060, [2001:db8::/32]:5060-5080"});
}

std::optional<std::uint16_t> Port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<IpPrefix> Prefix(std::string_view text) {
  static const IpPrefix kMapped = *IpPrefix::Parse("::ffff:0:0/96");
  const auto address = IpAddress::Parse(text.substr(0, text.find('/')));
  if (!address || kMapped.Contains(*address)) return std::nullopt;  // meant is the IPv4 address: say so
  if (text.find('/') == std::string_view::npos) return IpPrefix{*address, address->is_ipv4() ? 32 : 128};
  const auto prefix = IpPrefix::Parse(text);
  // "10.1.2.3/8" is more than its author thinks.
  return prefix && prefix->address == *address ? prefix : std::nullopt;
}

/// A rule's text in its two parts; no ports where none are given.
struct Parts {
  std::string_view prefix;
  std::optional<std::string_view> ports = std::nullopt;
};

std::optional<Parts> Split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const Parts parts{text.substr(1, close - 1)};
    if (close + 1 == text.size()) return parts;
    if (text[close + 1] != ':') return std::nullopt;
    return Parts{parts.prefix, text.substr(close + 2)};
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return Parts{text};
  return Parts{text.substr(0, colon), text.substr(colon + 1)};
}

/// IPv6 addresses that a host or a translator turns into IPv4 ones, and where those begin in them.
struct Ipv4Carrier {
  IpPrefix prefix;
  std::size_t at;
};

const std::vector<Ipv4Carrier>& Ipv4Carriers() {
  static const std::vector<Ipv4Carrier> kCarriers = {
      {*IpPrefix::Parse("::ffff:0:0/96"), 12},    // RFC 4291, mapped: the host itself sends IPv4
      {*IpPrefix::Parse("::/96"), 12},            // RFC 4291, IPv4-compatible
      {*IpPrefix::Parse("::ffff:0:0:0/96"), 12},  // RFC 2765, IPv4-translated
      {*IpPrefix::Parse("64:ff9b::/96"), 12},     // RFC 6052, NAT64
      {*IpPrefix::Parse("64:ff9b:1::/48"), 12},   // RFC 8215, NAT64 of a network's own; commonly a /96 of it
      {*IpPrefix::Parse("2002::/16"), 2},         // RFC 3056, 6to4
  };
  return kCarriers;
}

IpAddress Ipv4In(const IpAddress& address, const Ipv4Carrier& carrier) {
  const auto octets = address.octets().subspan(carrier.at, 4);
  return IpAddress::FromIpv4({octets[0], octets[1], octets[2], octets[3]});
}

/// The IPv4 address that an IPv6 one stands for.
std::optional<IpAddress> EmbeddedIpv4(const IpAddress& address) {
  static const IpPrefix kNotCompatible = *IpPrefix::Parse("::/127");  // "::" and "::1" are addresses of their own
  if (kNotCompatible.Contains(address)) return std::nullopt;
  for (const Ipv4Carrier& carrier : Ipv4Carriers()) {
    if (carrier.prefix.Contains(address)) return Ipv4In(address, carrier);
  }
  return std::nullopt;
}

bool AnyCovers(const std::vector<EgressRule>& rules, const Endpoint& endpoint) {
  return std::ranges::any_of(rules, [&](const EgressRule& rule) { return rule.Covers(endpoint); });
}

}  // namespace

Expected<EgressRule> EgressRule::Parse(std::string_view text) {
  const auto parts = Split(text);
  const auto prefix = parts ? Prefix(parts->prefix) : std::nullopt;
  if (!prefix) return Malformed(text);
  EgressRule rule{*prefix};
  if (!parts->ports) return rule;
  const auto dash = parts->ports->find('-');
  const auto first = Port(parts->ports->substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : Port(parts->ports->substr(dash + 1));
  if (!first || !last || *first > *last) return Malformed(text);
  rule.first_port = *first;
  rule.last_port = *last;
  return rule;
}

bool EgressRule::Covers(const Endpoint& endpoint) const {
  return first_port <= endpoint.port && endpoint.port <= last_port && prefix.Contains(endpoint.address);
}

std::string EgressRule::ToString() const {
  if (first_port == 0 && last_port == 65535) return prefix.ToString();
  const std::string ports =
      std::to_string(first_port) + (first_port == last_port ? "" : "-" + std::to_string(last_port));
  return (prefix.address.is_ipv4() ? prefix.ToString() : "[" + prefix.ToString() + "]") + ":" + ports;
}

bool EgressPolicy::Allows(const Endpoint& endpoint) const {
  const auto ipv4 = EmbeddedIpv4(endpoint.address);
  return AllowsLiterally(endpoint) && (!ipv4 || AllowsLiterally({*ipv4, endpoint.port}));
}

bool EgressPolicy::AllowsLiterally(const Endpoint& endpoint) const {
  if (AnyCovers(deny, endpoint)) return false;
  if (AnyCovers(allow, endpoint)) return true;
  return !AnyCovers(BuiltInDenials(), endpoint) && !only_allowed;
}

const std::vector<EgressRule>& BuiltInDenials() {
  static const std::vector<EgressRule> kRules = [] {
    std::vector<EgressRule> rules;
    for (const char* const prefix :
         {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32",  // IPv4
          "::/128", "::1/128", "fe80::/10", "fec0::/10", "ff00::/8",                          // IPv6
          "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",                         // metadata
          "fd00:ec2::/32", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128"}) {
      rules.push_back(EgressRule{*IpPrefix::Parse(prefix)});
    }
    return rules;
  }();
  return kRules;
}

}  // namespace flowbroker::location
