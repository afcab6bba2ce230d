#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/base/random_source.h"

namespace flowbroker::flow {

/// Names a flow for ever: 128 bits, of which one octet says which shard owns it and the others are random, or derived
/// as DatagramFlows does. Not guessable as long as the RandomSource it was made with is a cryptographic one.
class FlowId {
 public:
  static constexpr std::size_t kTextLength = 22;

  static FlowId Make(std::uint8_t shard, RandomSource& random);

  /// One whose octets somebody else answers for: they have to be as unguessable, and never to come again.
  static FlowId FromOctets(const std::array<std::uint8_t, 16>& octets) {
    FlowId id;
    id.octets_ = octets;
    return id;
  }

  /// Reads the text form; nothing for anything else.
  static std::optional<FlowId> Parse(std::string_view text);

  /// 22 characters of base64url.
  std::string ToString() const;

  std::uint8_t shard() const { return octets_[0]; }
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }

  friend bool operator==(const FlowId&, const FlowId&) = default;
  friend auto operator<=>(const FlowId&, const FlowId&) = default;

 private:
  FlowId() = default;
  std::array<std::uint8_t, 16> octets_{};
};

}  // namespace flowbroker::flow

template <>
struct std::hash<flowbroker::flow::FlowId> {
  std::size_t operator()(const flowbroker::flow::FlowId& id) const noexcept {
    std::size_t bits = 0;
    for (std::size_t i = 8; i < 16; ++i) bits = bits << 8U | id.octets()[i];  // random bits are a hash already
    return bits;
  }
};
