#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/flow/flow_id.h"
#include "broker/flow/flow_token.h"
#include "broker/net/token_keys.h"

namespace flowbroker::engine {

/// Mints and reads flow tokens with the keys of the moment (E1-E4). Thread-safe.
class EdgeTokens {
 public:
  /// With a key for the life of the process. `algorithm`: what mints, see EdgeOptions.
  EdgeTokens(RandomSource& random, int algorithm);

  /// Takes the keys of a file in place of those there were; a failure leaves them.
  Expected<void> Load(const std::string& file);

  std::string Mint(const flow::FlowId& id, const flow::FlowAddresses& addresses) const;
  /// The flow that a token of algorithm 1 names, which may never have been; nothing where that algorithm is not in use
  /// or this is none of its tokens. To be asked before Read, which is for those of algorithm 2.
  std::optional<flow::FlowId> ReadDescriptor(std::string_view token) const;
  tl::expected<flow::FlowAddresses, flow::TokenDefect> Read(std::string_view token) const;

 private:
  std::shared_ptr<const net::TokenKeys> keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

  const bool mints_descriptors_;
  mutable std::mutex mutex_;
  std::shared_ptr<const net::TokenKeys> keys_;
};

}  // namespace flowbroker::engine
