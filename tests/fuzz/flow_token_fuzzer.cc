#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "broker/base/base64url.h"
#include "broker/flow/flow_token.h"
#include "tests/fuzz/require.h"

using flowbroker::fuzz::Require;
using namespace flowbroker::flow;

namespace {

/// Takes the tag of every token for its own, so that what lies behind the check is reached; knows the even keys only.
class Gullible final : public TokenMac {
 public:
  explicit Gullible(std::string_view token) {
    std::array<std::uint8_t, 48> octets{};
    if (flowbroker::DecodeBase64Url(token, std::span(octets).first(token.size() == 32 ? 24 : 48))) {
      std::copy_n(octets.begin(), tag_.size(), tag_.begin());
    }
  }
  std::optional<TokenTag> HmacSha1_80(std::uint8_t key_id, std::span<const std::uint8_t>) const override {
    return key_id % 2 == 0 ? std::optional(tag_) : std::nullopt;
  }

 private:
  TokenTag tag_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view token(reinterpret_cast<const char*>(data), size);
  const Gullible mac(token);
  const auto flow = ReadToken(token, mac);
  Require(flow || flow.error() != TokenDefect::kForged, "the tag is right");
  if (flow) {
    std::array<std::uint8_t, 48> octets{};
    Require(flowbroker::DecodeBase64Url(token, std::span(octets).first(size == 32 ? 24 : 48)),
            "what is read is base64url");
    const auto again = MintToken(*flow, octets[10], mac);
    Require(again && *again == token, "one flow, one token");
  }
  return 0;
}
