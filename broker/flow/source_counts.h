#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "broker/base/ip_prefix.h"
#include "broker/base/keyed_hash.h"
#include "broker/base/random_source.h"

namespace flowbroker::flow {

/// Whom an address belongs to, as far as limits go: an IPv4 address, or an IPv6 /64, which is what one customer has.
inline IpAddress SourceOf(const IpAddress& address) {
  return IpPrefix::Of(address, address.is_ipv4() ? 32 : 64).address;
}

/// How many of something each source has, in memory that does not grow with the number of sources (G. Cormode,
/// S. Muthukrishnan: count-min sketch, 2005): never less than there are, and seldom noticeably more. Who chooses his
/// addresses cannot choose whose counters he shares, as the hash is keyed. Pure; not thread-safe.
class SourceCounts {
 public:
  /// With at least `width` counters a row, of 8 octets together. With n counted the excess is about n / width.
  SourceCounts(std::size_t width, RandomSource& random)
      : hash_(random), width_(std::bit_ceil(width)), counters_(kRows * width_) {}

  void Add(const IpAddress& source) {
    for (const std::size_t place : PlacesOf(source)) ++counters_[place];
  }
  /// @pre it was added
  void Remove(const IpAddress& source) {
    for (const std::size_t place : PlacesOf(source)) counters_[place] -= std::min(counters_[place], 1U);
  }
  std::uint32_t Of(const IpAddress& source) const {
    const auto places = PlacesOf(source);
    return std::min(counters_[places[0]], counters_[places[1]]);
  }
  void Clear() { std::ranges::fill(counters_, 0U); }

 private:
  static constexpr std::size_t kRows = 2;

  std::array<std::size_t, kRows> PlacesOf(const IpAddress& source) const {
    const auto octets = SourceOf(source).MappedOctets();
    std::array<char, 16> text{};
    std::ranges::transform(octets, text.begin(), [](std::uint8_t octet) { return static_cast<char>(octet); });
    const std::uint64_t hash = hash_(std::string_view(text.data(), text.size()));
    return {hash & (width_ - 1), width_ + ((hash >> 32U) & (width_ - 1))};
  }

  KeyedHash hash_;
  std::size_t width_;
  std::vector<std::uint32_t> counters_;
};

}  // namespace flowbroker::flow
