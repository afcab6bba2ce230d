#include <gtest/gtest.h>

#include <string>

#include "service/telemetry/trace_context.h"

namespace flowbroker::telemetry {
namespace {

constexpr const char* kValid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, TakesWhatW3cDefines) {
  const auto context = ReadTraceParent(kValid);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->header, kValid);
  EXPECT_EQ(context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->parent_id, "00f067aa0ba902b7");
}

TEST(TraceContextTest, LeavesOutWhatALaterVersionAdds) {
  const std::string later = "cc" + std::string(kValid).substr(2);
  const std::string longer = later + "-what-the-future-brings";
  const auto context = ReadTraceParent(longer);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->header, later);
}

TEST(TraceContextTest, IgnoresEverythingElse) {
  const std::string valid = kValid;
  for (const std::string& text :
       {std::string(), valid.substr(1), valid + "-x", valid + "0", "ff" + valid.substr(2), "CC" + valid.substr(2),
        "cc" + valid.substr(2) + "x", "00-" + std::string(32, '0') + valid.substr(35),
        valid.substr(0, 36) + std::string(16, '0') + "-01", "00_" + valid.substr(3), valid.substr(0, 54) + "g",
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
        "cc" + valid.substr(2) + "-" + std::string(300, 'x'),
        valid.substr(0, 40) + std::string(1, '\0') + valid.substr(41)}) {
    EXPECT_FALSE(ReadTraceParent(text)) << text;
  }
}

}  // namespace
}  // namespace flowbroker::telemetry
