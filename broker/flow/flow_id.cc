#include "broker/flow/flow_id.h"

#include "broker/base/base64url.h"

namespace flowbroker::flow {

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
  FlowId id;
  return DecodeBase64Url(text, id.octets_) ? std::optional(id) : std::nullopt;
}

std::string FlowId::ToString() const {
  return EncodeBase64Url(octets_);
}

}  // namespace flowbroker::flow
