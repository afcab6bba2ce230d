#include "clients/cli/exit_code.h"

#include <gtest/gtest.h>

namespace flowbroker::cli {
namespace {

using client::Code;

ExitCode Of(Code code, std::string failure = "x") {
  return ExitCodeFor({.code = code, .failure = std::move(failure), .message = {}});
}

TEST(ExitCodeTest, IsWhatTheHelpSays) {
  EXPECT_EQ(static_cast<int>(Of(Code::kInvalidArgument)), 2);
  EXPECT_EQ(static_cast<int>(Of(Code::kNotFound)), 3);
  EXPECT_EQ(static_cast<int>(Of(Code::kUnavailable, "refused")), 4);
  EXPECT_EQ(static_cast<int>(Of(Code::kDeadlineExceeded)), 5);
  EXPECT_EQ(static_cast<int>(Of(Code::kResourceExhausted)), 6);
  EXPECT_EQ(static_cast<int>(Of(Code::kUnavailable, std::string(client::kBrokerUnreachable))), 7);
  EXPECT_EQ(static_cast<int>(Of(Code::kInternal)), 1);
  EXPECT_EQ(static_cast<int>(Of(Code::kOutOfRange)), 1);
}

TEST(ExitCodeTest, SendFailuresHaveTheCodeOfTheirReason) {
  EXPECT_EQ(CodeForSendFailure("unknown_flow"), Code::kNotFound);
  EXPECT_EQ(CodeForSendFailure("limit_reached"), Code::kResourceExhausted);
  EXPECT_EQ(CodeForSendFailure("closed_by_peer"), Code::kUnavailable);
}

}  // namespace
}  // namespace flowbroker::cli
