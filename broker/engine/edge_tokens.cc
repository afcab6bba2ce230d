#include "broker/engine/edge_tokens.h"

#include <utility>

namespace flowbroker::engine {

EdgeTokens::EdgeTokens(RandomSource& random, int algorithm)
    : mints_descriptors_(algorithm == 1), keys_(net::TokenKeys::Random(random).value()) {}

Expected<void> EdgeTokens::Load(const std::string& file) {
  auto fresh = net::TokenKeys::ReadFile(file);
  if (!fresh) return Unexpected(fresh.error());
  const std::lock_guard lock(mutex_);
  keys_ = std::move(*fresh);
  return {};
}

std::string EdgeTokens::Mint(const flow::FlowId& id, const flow::FlowAddresses& addresses) const {
  if (mints_descriptors_) return id.ToString();
  const auto held = keys();
  return flow::MintToken(addresses, held->minting_key(), *held)
      .value();  // addresses of one socket, a key that is there
}

std::optional<flow::FlowId> EdgeTokens::ReadDescriptor(std::string_view token) const {
  return mints_descriptors_ ? flow::FlowId::Parse(token) : std::nullopt;
}

tl::expected<flow::FlowAddresses, flow::TokenDefect> EdgeTokens::Read(std::string_view token) const {
  return flow::ReadToken(token, *keys());
}

}  // namespace flowbroker::engine
