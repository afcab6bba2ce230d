#include "broker/flow/flow_token.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <string>

#include "tests/support/token_vectors.h"

namespace flowbroker::flow {
namespace {

using Key = std::array<std::uint8_t, 20>;

Key VectorKey() {
  Key key;
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  return key;
}

/// One-shot HMAC: slow, and not the code that serves.
class PlainMac final : public TokenMac {
 public:
  explicit PlainMac(std::map<std::uint8_t, Key> keys) : keys_(std::move(keys)) {}

  std::optional<TokenTag> HmacSha1_80(std::uint8_t key_id, std::span<const std::uint8_t> octets) const override {
    const auto key = keys_.find(key_id);
    if (key == keys_.end()) return std::nullopt;
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    HMAC(EVP_sha1(), key->second.data(), static_cast<int>(key->second.size()), octets.data(), octets.size(),
         digest.data(), nullptr);
    TokenTag tag;
    std::copy_n(digest.begin(), tag.size(), tag.begin());
    return tag;
  }

 private:
  std::map<std::uint8_t, Key> keys_;
};

const PlainMac& VectorMac() {
  static const PlainMac mac({{testing::kVectorKeyId, VectorKey()}});
  return mac;
}

/// Nobody's tag is checked: shows that a text is read before it is judged.
class EverythingIsMine final : public TokenMac {
 public:
  std::optional<TokenTag> HmacSha1_80(std::uint8_t, std::span<const std::uint8_t>) const override { return TokenTag{}; }
};

std::string Mint(const FlowAddresses& flow, std::uint8_t key_id = testing::kVectorKeyId,
                 const TokenMac& mac = VectorMac()) {
  return MintToken(flow, key_id, mac).value();
}

TEST(FlowTokenTest, E3_MintsThePublishedVectors) {
  for (const auto& [flow, token] : testing::TokenVectors()) {
    EXPECT_EQ(Mint(flow), token);
  }
}

TEST(FlowTokenTest, E3_ReadsThePublishedVectors) {
  for (const auto& [flow, token] : testing::TokenVectors()) EXPECT_EQ(ReadToken(token, VectorMac()).value(), flow);
}

TEST(FlowTokenTest, E1_StandsUnescapedInAUserPart) {
  for (const auto& [flow, token] : testing::TokenVectors()) {
    EXPECT_EQ(token.size(), flow.local.address.is_ipv4() ? 32U : 64U);
    EXPECT_TRUE(std::ranges::all_of(token, [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_';  // of RFC 3261's `unreserved`
    })) << token;
  }
}

TEST(FlowTokenTest, E1_DiffersForEveryPartOfAFlow) {
  const FlowAddresses flow = testing::TokenVectors().front().flow;
  std::vector<FlowAddresses> others(5, flow);
  others[0].transport = Transport::kTcp;
  others[1].local.port = 5062;
  others[2].remote.port = 49153;
  others[3].local.address = *IpAddress::Parse("192.0.2.2");
  std::swap(others[4].local, others[4].remote);
  for (const FlowAddresses& other : others) {
    EXPECT_NE(Mint(other), Mint(flow));
  }
}

TEST(FlowTokenTest, E4_EveryChangedBitIsForgedOrNoToken) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const auto& vector : testing::TokenVectors()) {
    for (std::size_t at = 0; at < vector.token.size(); ++at) {
      for (unsigned bit = 1; bit < 64; bit *= 2) {
        std::string token(vector.token);
        token[at] = kAlphabet[kAlphabet.find(token[at]) ^ bit];
        EXPECT_FALSE(ReadToken(token, VectorMac())) << token;
      }
    }
  }
}

TEST(FlowTokenTest, E4_TellsForgedFromMadeUnderAnUnknownKey) {
  const FlowAddresses flow = testing::TokenVectors().front().flow;
  Key other_key = VectorKey();
  other_key[19] ^= 1U;
  const PlainMac same_id({{testing::kVectorKeyId, other_key}});
  const PlainMac other_id({{8, VectorKey()}});
  EXPECT_EQ(ReadToken(Mint(flow, testing::kVectorKeyId, same_id), VectorMac()).error(), TokenDefect::kForged);
  EXPECT_EQ(ReadToken(Mint(flow, 8, other_id), VectorMac()).error(), TokenDefect::kUnknownKey);
}

TEST(FlowTokenTest, E4_ATokenCannotBeMovedToAnotherKeyId) {
  const PlainMac both({{7, VectorKey()}, {8, VectorKey()}});
  std::string token = Mint(testing::TokenVectors().front().flow, 7, both);
  ASSERT_EQ(token[14], 'c') << "holds the lower half of the key id";
  token[14] = 'g';  // 7 becomes 8
  EXPECT_EQ(ReadToken(token, both).error(), TokenDefect::kForged);
}

TEST(FlowTokenTest, TextsOfOtherLengthsAreMalformed) {
  for (std::size_t length = 0; length < 100; ++length) {
    if (length == 32 || length == 64) continue;
    EXPECT_EQ(ReadToken(std::string(length, 'A'), EverythingIsMine()).error(), TokenDefect::kMalformed) << length;
  }
  EXPECT_EQ(ReadToken(std::string(1'000'000, 'A'), EverythingIsMine()).error(), TokenDefect::kMalformed);
}

TEST(FlowTokenTest, TextsOfOtherCharactersAreMalformed) {
  for (int character = 0; character < 256; ++character) {
    std::string token(testing::TokenVectors().front().token);
    token[31] = static_cast<char>(character);
    const auto read = ReadToken(token, VectorMac());
    const bool ours = std::isalnum(character) != 0 || character == '-' || character == '_';
    if (!ours) {
      EXPECT_EQ(read.error(), TokenDefect::kMalformed) << character;
    }
  }
}

TEST(FlowTokenTest, OnlyTheThreeTransportsAreKnown) {
  std::string token(32, 'A');  // a tag of zeros, key 0
  int known = 0;
  for (const char* code : {"AA", "AB", "AC", "AD", "AE", "D_"}) {
    token.replace(14, 2, code);
    const auto read = ReadToken(token, EverythingIsMine());
    EXPECT_TRUE(read || read.error() == TokenDefect::kMalformed) << code;
    if (read) ++known;
  }
  EXPECT_EQ(known, 3);
}

TEST(FlowTokenTest, AddressesOfTwoFamiliesAreNoFlow) {
  FlowAddresses flow = testing::TokenVectors().front().flow;
  flow.remote = testing::TokenVectors().back().flow.remote;
  EXPECT_EQ(MintToken(flow, testing::kVectorKeyId, VectorMac()).error().reason, FailureReason::kInvalidArgument);
}

TEST(FlowTokenTest, AKeyThatIsNotThereMintsNothing) {
  const auto minted = MintToken(testing::TokenVectors().front().flow, 9, VectorMac());
  ASSERT_FALSE(minted);
  EXPECT_EQ(minted.error().detail, "no token key 9");
}

}  // namespace
}  // namespace flowbroker::flow
