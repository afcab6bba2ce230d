#include "broker/base/crc32.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace flowbroker {
namespace {

TEST(Crc32Test, GivesTheWellKnownCheckValue) {
  constexpr std::string_view kDigits = "123456789";
  EXPECT_EQ(Crc32(std::vector<std::uint8_t>(kDigits.begin(), kDigits.end())), 0xCBF43926U);
  EXPECT_EQ(Crc32({}), 0U);
}

}  // namespace
}  // namespace flowbroker
