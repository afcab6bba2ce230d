#include "broker/flow/flow_id.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/seeded_random.h"

namespace flowbroker::flow {
namespace {

TEST(FlowIdTest, SurvivesTextForm) {
  testing::SeededRandom random{11};
  for (int i = 0; i < 1000; ++i) {
    const FlowId id = FlowId::Make(static_cast<std::uint8_t>(i), random);
    EXPECT_EQ(id.ToString().size(), FlowId::kTextLength);
    EXPECT_EQ(FlowId::Parse(id.ToString()), id);
    EXPECT_EQ(id.shard(), static_cast<std::uint8_t>(i));
  }
}

TEST(FlowIdTest, HasOneTextFormOnly) {
  testing::SeededRandom random{11};
  const std::string text = FlowId::Make(3, random).ToString();
  std::set<char> accepted;
  for (const char last : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    if (FlowId::Parse(text.substr(0, 21) + last)) accepted.insert(last);
  }
  EXPECT_EQ(accepted.size(), 4U) << "only two bits of the last character are part of the id";
}

TEST(FlowIdTest, RefusesOtherText) {
  for (const char* text :
       {"", "short", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA+A", "AAAAAAAAAAA AAAAAAAAAA"}) {
    EXPECT_FALSE(FlowId::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace flowbroker::flow
