#include "broker/base/constant_time.h"

#include <gtest/gtest.h>

#include <array>

namespace flowbroker {
namespace {

TEST(ConstantTimeTest, FindsEveryDifferingBit) {
  const std::array<std::uint8_t, 10> secret{1, 2, 3, 4, 5, 6, 7, 8, 9, 0xFF};
  EXPECT_TRUE(EqualInConstantTime(secret, secret));
  for (std::size_t at = 0; at < secret.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto other = secret;
      other[at] = static_cast<std::uint8_t>(other[at] ^ 1U << bit);
      EXPECT_FALSE(EqualInConstantTime(secret, other));
    }
  }
}

TEST(ConstantTimeTest, OtherLengthsAreUnequal) {
  const std::array<std::uint8_t, 3> longer{1, 2, 3};
  EXPECT_FALSE(EqualInConstantTime(longer, std::span(longer).first(2)));
  EXPECT_TRUE(EqualInConstantTime({}, {}));
}

}  // namespace
}  // namespace flowbroker
