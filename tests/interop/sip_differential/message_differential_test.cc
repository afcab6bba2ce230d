#include <gtest/gtest.h>

#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"
#include "tests/interop/sip_differential/corpus.h"
#include "tests/interop/sip_differential/libre_reader.h"

namespace flowbroker::interop {
namespace {

void Compare(const std::string& message) {
  SCOPED_TRACE(message);
  const Expected<sip::MessageHead> ours = sip::ReadMessageHead(message);
  const std::optional<LibreMessage> theirs = ReadMessageWithLibre(message);
  ASSERT_TRUE(ours) << ours.error().ToString();
  ASSERT_TRUE(theirs);
  EXPECT_EQ(ours->is_request, theirs->is_request);
  EXPECT_EQ(ours->status_code, theirs->status_code);
  EXPECT_EQ(ours->method, theirs->method);
  EXPECT_EQ(ours->request_uri, theirs->request_uri);
  EXPECT_EQ(ours->call_id, theirs->call_id);
  EXPECT_EQ(ours->top_via, theirs->via);
  EXPECT_EQ(ours->top_via_branch, theirs->via_branch);
  EXPECT_EQ(ours->content_length, std::stoul(theirs->content_length));
  EXPECT_EQ(ours->header_bytes, theirs->header_bytes);
}

TEST(MessageDifferentialTest, ValidMessagesReadAlike) {
  for (const std::string& message : ValidMessages()) {
    Compare(message);
    if (HasFailure()) FAIL() << "stopped at the first difference";
  }
}

TEST(MessageDifferentialTest, TheFramerCutsWhereLibreSeesTheBodyEnd) {
  for (const std::string& message : ValidMessages()) {
    const std::optional<LibreMessage> theirs = ReadMessageWithLibre(message);
    if (!theirs) continue;
    const std::string stream = message + message;
    sip::MessageFramer framer{sip::FramerLimits{}};
    framer.Append(stream);
    const auto item = framer.Next();
    ASSERT_TRUE(item) << message << framer.failure()->ToString();
    ASSERT_EQ(item->bytes.size(), theirs->header_bytes + std::stoul(theirs->content_length)) << message;
    ASSERT_EQ(framer.Next()->bytes, message);
  }
}

// What follows are the differences we know of, kept here so that a change on either side is noticed.

std::string Options(const std::string& via, const std::string& more = "") {
  return "OPTIONS sip:a SIP/2.0\r\nVia: " + via + "\r\n" + more +
         "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
}

constexpr const char* kVia = "SIP/2.0/UDP a;branch=z9hG4bK1";

// RFC 2543 peers send no branch; their messages are relayed by Call-ID.
TEST(MessageKnownDifferenceTest, OnlyWeReadAViaWithoutBranch) {
  EXPECT_EQ(sip::ReadMessageHead(Options("SIP/2.0/UDP a"))->top_via_branch, "");
  EXPECT_FALSE(ReadMessageWithLibre(Options("SIP/2.0/UDP a")));
}

// s.25.1: a `via-extension` may be a quoted string, and separators in it do not separate.
TEST(MessageKnownDifferenceTest, OnlyWeReadQuotedStringsInAVia) {
  const std::string message = Options(R"(SIP/2.0/UDP a;x="q,;branch=no";branch=yes)");
  EXPECT_EQ(sip::ReadMessageHead(message)->top_via_branch, "yes");
  EXPECT_EQ(ReadMessageWithLibre(message)->via_branch, R"(no";branch=yes)");
}

// s.7.1: the version is compared without regard to case.
TEST(MessageKnownDifferenceTest, OnlyWeReadALowerCaseVersionInRequests) {
  std::string message = Options(kVia);
  message.replace(message.find("SIP/2.0"), 7, "sip/2.0");
  EXPECT_TRUE(sip::ReadMessageHead(message));
  EXPECT_FALSE(ReadMessageWithLibre(message));
}

// s.7.3.1 wants CRLF; taking less means that two readers of one stream may cut it differently.
TEST(MessageKnownDifferenceTest, OnlyWeRefuseBareLineEnds) {
  std::string message = Options(kVia);
  for (std::size_t cr = message.find('\r'); cr != std::string::npos; cr = message.find('\r')) message.erase(cr, 1);
  EXPECT_FALSE(sip::ReadMessageHead(message));
  EXPECT_TRUE(ReadMessageWithLibre(message));
  EXPECT_FALSE(sip::ReadMessageHead(Options(kVia, "Subject: a\rb\r\n")));
  EXPECT_TRUE(ReadMessageWithLibre(Options(kVia, "Subject: a\rb\r\n")));
}

// Whichever of the two lengths a reader takes, another may take the other one.
TEST(MessageKnownDifferenceTest, OnlyWeRefuseTwoDifferentContentLengths) {
  EXPECT_FALSE(sip::ReadMessageHead(Options(kVia, "l: 5\r\n")));
  EXPECT_TRUE(ReadMessageWithLibre(Options(kVia, "l: 5\r\n")));
}

// s.7.2: a code has three digits; libre counts on beyond 16 bits.
TEST(MessageKnownDifferenceTest, OnlyWeRefuseLongStatusCodes) {
  std::string message = Options(kVia);
  message.replace(0, message.find('\r'), "SIP/2.0 199999 OK");
  EXPECT_FALSE(sip::ReadMessageHead(message));
  EXPECT_TRUE(ReadMessageWithLibre(message));
}

}  // namespace
}  // namespace flowbroker::interop
