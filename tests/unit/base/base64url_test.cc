#include "broker/base/base64url.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace flowbroker {
namespace {

std::vector<std::uint8_t> Octets(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(Base64UrlTest, WritesTheVectorsOfRfc4648WithoutPadding) {
  const std::array<std::pair<const char*, const char*>, 7> vectors{{{"", ""},
                                                                    {"f", "Zg"},
                                                                    {"fo", "Zm8"},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg"},
                                                                    {"fooba", "Zm9vYmE"},
                                                                    {"foobar", "Zm9vYmFy"}}};
  for (const auto& [octets, text] : vectors) {
    EXPECT_EQ(EncodeBase64Url(Octets(octets)), text);
    std::vector<std::uint8_t> read(std::string_view(octets).size());
    EXPECT_TRUE(DecodeBase64Url(text, read)) << text;
    EXPECT_EQ(read, Octets(octets));
  }
}

TEST(Base64UrlTest, TheLastTwoCharactersAreSafeInUrls) {
  EXPECT_EQ(EncodeBase64Url(std::array<std::uint8_t, 3>{0xFB, 0xFF, 0xFF}), "-___");
}

TEST(Base64UrlTest, RefusesBitsLeftOver) {
  std::array<std::uint8_t, 1> one{};
  EXPECT_TRUE(DecodeBase64Url("Zg", one));
  EXPECT_FALSE(DecodeBase64Url("Zh", one));
}

TEST(Base64UrlTest, RefusesOtherLengthsAndCharacters) {
  std::array<std::uint8_t, 3> three{};
  for (const char* text : {"", "Zm9", "Zm9vY", "Zm9v====", "Zm+v", "Zm/v", "Zm v", "Zm9=", "Zm\377v"}) {
    EXPECT_FALSE(DecodeBase64Url(text, three)) << text;
  }
}

}  // namespace
}  // namespace flowbroker
