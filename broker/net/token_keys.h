#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/base/random_source.h"
#include "broker/flow/flow_token.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace flowbroker::net {

/// The keys that flow tokens are minted and verified with (E3), and their HMAC by OpenSSL.
///
/// From a file, one key a line, first its id (0 to 255), then its 20 octets in hexadecimal:
///
///     # of March; mints
///     4 2b7e151628aed2a6abf7158809cf4f3c762e7160
///     # of February: tokens that carry it are still about
///     3 000102030405060708090a0b0c0d0e0f10111213
///
/// The first line mints, all lines verify. To change keys on several replicas: add the new key last everywhere, then
/// move it to the front everywhere, and take out the old one when the last registration made with it has run out.
///
/// Immutable, hence safe for any number of threads; for new keys make a new object. Keys are held as OpenSSL's
/// half-finished hashes and are wiped with them; the text they were read from is wiped too.
class TokenKeys final : public flow::TokenMac {
 public:
  static constexpr std::size_t kKeyOctets = 20;
  static constexpr std::size_t kMaxFileOctets = 65'536;  ///< far more than 256 keys and a comment for each

  /// kInvalidArgument with the file and the line, never with any of its text.
  static Expected<std::shared_ptr<const TokenKeys>> ReadFile(const std::string& path);

  /// The same from text; `name` stands for the file. The caller wipes the text.
  static Expected<std::shared_ptr<const TokenKeys>> Parse(std::string_view text, const std::string& name);

  /// One key for the life of this process, under an id drawn as well: a later process most likely finds that it does
  /// not know the key, rather than that the token is forged. `random` must be fit for keys.
  static Expected<std::shared_ptr<const TokenKeys>> Random(RandomSource& random);

  TokenKeys(const TokenKeys&) = delete;
  TokenKeys& operator=(const TokenKeys&) = delete;
  ~TokenKeys() override;

  std::uint8_t minting_key() const { return minting_key_; }

  std::optional<flow::TokenTag> HmacSha1_80(std::uint8_t key_id, std::span<const std::uint8_t> octets) const override;

 private:
  struct DigestDeleter {
    void operator()(evp_md_ctx_st* digest) const;
  };
  using Digest = std::unique_ptr<evp_md_ctx_st, DigestDeleter>;

  /// SHA-1 with the key's inner and outer block already in it (RFC 2104 s.4): copying one is far quicker than beginning
  /// anew with the key.
  struct KeyedHmac {
    Digest inner;
    Digest outer;
  };

  TokenKeys() = default;
  static Digest Begin(std::span<const std::uint8_t, kKeyOctets> key, std::uint8_t pad);

  bool Has(std::uint8_t key_id) const { return keys_[key_id].outer != nullptr; }
  bool Add(std::uint8_t key_id, std::span<const std::uint8_t, kKeyOctets> key);

  std::array<KeyedHmac, 256> keys_;  // by key id; null where there is no such key
  std::uint8_t minting_key_ = 0;
};

}  // namespace flowbroker::net
