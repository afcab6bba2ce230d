#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace flowbroker {

enum class AddressFamily : std::uint8_t {
  kIpv4,
  kIpv6,
};

/// "IPv4" or "IPv6".
std::string_view ToString(AddressFamily family);

/// An IPv4 or IPv6 address. A small value type; IPv4 occupies the first 4 bytes. Scope ids are not kept: link-local
/// targets cannot be named by a SIP URI.
class IpAddress {
 public:
  static IpAddress FromIpv4(std::array<std::uint8_t, 4> octets);
  static IpAddress FromIpv6(std::array<std::uint8_t, 16> octets);

  /// Reads "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; nothing else, no names and no zone ids.
  static std::optional<IpAddress> Parse(std::string_view text);

  AddressFamily family() const { return family_; }
  bool is_ipv4() const { return family_ == AddressFamily::kIpv4; }

  /// 4 or 16 octets in network order; valid as long as this object.
  std::span<const std::uint8_t> octets() const { return {octets_.data(), is_ipv4() ? 4U : 16U}; }

  /// The address as 16 octets; IPv4 as IPv4-mapped (::ffff:a.b.c.d), which RFC 6724 uses for its policy table.
  std::array<std::uint8_t, 16> MappedOctets() const;

  /// RFC 5952 text, without brackets.
  std::string ToString() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpAddress() = default;
  AddressFamily family_ = AddressFamily::kIpv4;
  std::array<std::uint8_t, 16> octets_{};  // unused octets are zero, so that == and hashing may look at all of them
};

/// Length in bits of the common leading part of two addresses of one family; 0 for different families.
int CommonPrefixLength(const IpAddress& a, const IpAddress& b);

/// An address and a port. A port of 0 never stands for "none": use std::optional.
struct Endpoint {
  IpAddress address;
  std::uint16_t port;

  /// "192.0.2.1:5060" or "[2001:db8::1]:5060".
  std::string ToString() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// FNV-1a over `bytes`, continued from `seed`; for hash tables whose keys a peer cannot choose freely.
std::size_t HashBytes(std::span<const std::uint8_t> bytes, std::size_t seed = 14695981039346656037ULL);

}  // namespace flowbroker

template <>
struct std::hash<flowbroker::IpAddress> {
  std::size_t operator()(const flowbroker::IpAddress& a) const noexcept { return flowbroker::HashBytes(a.octets()); }
};

template <>
struct std::hash<flowbroker::Endpoint> {
  std::size_t operator()(const flowbroker::Endpoint& e) const noexcept {
    const std::array<std::uint8_t, 2> port{static_cast<std::uint8_t>(e.port >> 8U), static_cast<std::uint8_t>(e.port)};
    return flowbroker::HashBytes(port, std::hash<flowbroker::IpAddress>{}(e.address));
  }
};
