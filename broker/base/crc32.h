#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flowbroker {

namespace internal {

consteval std::array<std::uint32_t, 256> Crc32Table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t remainder = n;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? 0xEDB88320U : 0U);
    table[n] = remainder;
  }
  return table;
}

inline constexpr std::array<std::uint32_t, 256> kCrc32Table = Crc32Table();

}  // namespace internal

/// The CRC-32 of Ethernet and zlib (IEEE 802.3, reflected 0xEDB88320): "123456789" gives 0xCBF43926.
constexpr std::uint32_t Crc32(std::span<const std::uint8_t> octets) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::uint8_t octet : octets) crc = (crc >> 8U) ^ internal::kCrc32Table[(crc ^ octet) & 0xFFU];
  return crc ^ 0xFFFFFFFFU;
}

}  // namespace flowbroker
