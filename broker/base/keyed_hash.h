#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "broker/base/random_source.h"

namespace flowbroker {

/// SipHash-2-4 under a key of its own, for tables whose keys strangers choose: without the key nobody can make texts
/// that meet in one bucket. (J.-P. Aumasson, D. J. Bernstein: SipHash, a fast short-input PRF, 2012.) A value type.
class KeyedHash {
 public:
  constexpr KeyedHash(std::uint64_t key0, std::uint64_t key1) : key0_(key0), key1_(key1) {}
  explicit KeyedHash(RandomSource& random) : KeyedHash(random.NextBits(), random.NextBits()) {}

  constexpr std::uint64_t operator()(std::string_view text) const {
    State state{key0_ ^ 0x736f6d6570736575U, key1_ ^ 0x646f72616e646f6dU, key0_ ^ 0x6c7967656e657261U,
                key1_ ^ 0x7465646279746573U};
    const std::uint64_t length = std::uint64_t{text.size() & 0xFFU} << 56U;
    for (; text.size() >= 8; text.remove_prefix(8)) state.Take(LittleEndian(text.substr(0, 8)));
    state.Take(length | LittleEndian(text));
    return state.Finish();
  }

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;

    constexpr void Round() {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }

    constexpr void Take(std::uint64_t word) {
      v3 ^= word;
      Round();
      Round();
      v0 ^= word;
    }

    constexpr std::uint64_t Finish() {
      v2 ^= 0xFFU;
      for (int i = 0; i < 4; ++i) Round();
      return v0 ^ v1 ^ v2 ^ v3;
    }
  };

  static constexpr std::uint64_t LittleEndian(std::string_view octets) {
    std::uint64_t word = 0;
    for (std::size_t i = octets.size(); i > 0; --i) word = word << 8U | static_cast<std::uint8_t>(octets[i - 1]);
    return word;
  }

  std::uint64_t key0_;
  std::uint64_t key1_;
};

/// Octets for a KeyedHash, put together on the stack.
template <std::size_t kCapacity>
class HashedOctets {
 public:
  template <typename Number>
  HashedOctets& Add(Number number) {
    for (std::size_t i = sizeof(number); i-- > 0;) octets_[size_++] = static_cast<char>((number >> (8 * i)) & 0xFFU);
    return *this;
  }
  HashedOctets& Add(const std::array<std::uint8_t, 16>& octets) {
    for (const std::uint8_t octet : octets) octets_[size_++] = static_cast<char>(octet);
    return *this;
  }
  std::string_view view() const { return {octets_.data(), size_}; }

 private:
  std::array<char, kCapacity> octets_{};
  std::size_t size_ = 0;
};

}  // namespace flowbroker
