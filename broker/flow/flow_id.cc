#include "broker/flow/flow_id.h"

namespace flowbroker::flow {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::optional<std::uint32_t> ValueOf(char character) {
  const std::size_t position = kAlphabet.find(character);
  if (position == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(position);
}

}  // namespace

FlowId FlowId::Make(std::uint8_t shard, RandomSource& random) {
  FlowId id;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = random.NextBits();
    for (std::size_t i = 0; i < 8; ++i, bits >>= 8U) id.octets_[half * 8 + i] = static_cast<std::uint8_t>(bits);
  }
  id.octets_[0] = shard;
  return id;
}

std::optional<FlowId> FlowId::Parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  FlowId id;
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t octet = 0;
  for (const char character : text) {
    const auto value = ValueOf(character);
    if (!value) return std::nullopt;
    bits = bits << 6U | *value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    id.octets_[octet++] = static_cast<std::uint8_t>(bits >> held);
  }
  const bool canonical = (bits & ((1U << held) - 1)) == 0;  // so that no two texts name one flow
  return canonical ? std::optional(id) : std::nullopt;
}

std::string FlowId::ToString() const {
  std::string text;
  text.reserve(kTextLength);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t octet : octets_) {
    bits = bits << 8U | octet;
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[bits >> (held - 6) & 63U];
  }
  text += kAlphabet[bits << (6 - held) & 63U];
  return text;
}

}  // namespace flowbroker::flow
