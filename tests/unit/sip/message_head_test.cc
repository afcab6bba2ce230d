#include "broker/sip/message_head.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>

namespace flowbroker::sip {
namespace {

const std::string kRest = "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\n\r\n";

/// Keeps the messages it reads, since a head looks into its message.
class MessageHeadTest : public testing::Test {
 protected:
  MessageHead Read(std::string message) {
    messages_.push_back(std::move(message));
    const Expected<MessageHead> head = ReadMessageHead(messages_.back());
    EXPECT_TRUE(head) << messages_.back() << head.error().ToString();
    return head.value_or(MessageHead{});
  }

 private:
  std::deque<std::string> messages_;
};

std::string WhyNot(std::string_view message) {
  const Expected<MessageHead> head = ReadMessageHead(message);
  EXPECT_FALSE(head) << message;
  if (head) return "read";
  EXPECT_EQ(head.error().reason, FailureReason::kMalformedMessage);
  return head.error().detail;
}

TEST_F(MessageHeadTest, ReadsARequest) {
  const std::string message =
      "INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP a.example:5060;branch=z9hG4bK776\r\n"
      "Via: SIP/2.0/UDP b.example;branch=z9hG4bKlower\r\nMax-Forwards: 70\r\nTo: <sip:bob@example.org>\r\n"
      "From: <sip:alice@example.org>;tag=1\r\nCall-ID: a84b4c76e66710@pc33\r\nCSeq: 314159 INVITE\r\n"
      "Content-Length: 4\r\n\r\nbody";
  const MessageHead head = Read(message);
  EXPECT_TRUE(head.is_request);
  EXPECT_EQ(head.method, "INVITE");
  EXPECT_EQ(head.request_uri, "sip:bob@example.org");
  EXPECT_EQ(head.call_id, "a84b4c76e66710@pc33");
  EXPECT_EQ(head.top_via, "SIP/2.0/TCP a.example:5060;branch=z9hG4bK776");
  EXPECT_EQ(head.top_via_branch, "z9hG4bK776");
  EXPECT_EQ(head.content_length, 4U);
  EXPECT_EQ(head.header_bytes, message.size() - 4);
}

TEST_F(MessageHeadTest, ReadsAResponse) {
  const MessageHead head = Read("SIP/2.0 483 Too Many Hops\r\n" + kRest);
  EXPECT_FALSE(head.is_request);
  EXPECT_EQ(head.status_code, 483);
  EXPECT_EQ(head.method, "INVITE");
  EXPECT_EQ(head.request_uri, "");
  EXPECT_EQ(head.content_length, std::nullopt);
}

TEST_F(MessageHeadTest, ReadsEveryShapeOfStatusLine) {
  EXPECT_EQ(Read("SIP/2.0 100 \r\n" + kRest).status_code, 100);
  EXPECT_EQ(Read("SIP/2.0 699\r\n" + kRest).status_code, 699);
  EXPECT_EQ(Read("sip/2.0 200 \xd0\x94\xd0\xb0 = 2**3\t!\r\n" + kRest).status_code, 200);  // RFC 4475 s.3.1.1.10
}

// RFC 4475 s.3.1.1.1: case, compact forms, white space and folding are all allowed at once.
TEST_F(MessageHeadTest, ReadsTortuousWhiteSpace) {
  const MessageHead head = Read(
      "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
      "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
      "cAlL-iD\t: wsinv.ndaksdj@192.0.2.1\r\n"
      "NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
      "CSeq: 0009\r\n  INVITE\r\n"
      "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP"
      "  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
      "L: 0003\r\n\r\nabc");
  EXPECT_EQ(head.call_id, "wsinv.ndaksdj@192.0.2.1");
  EXPECT_EQ(head.top_via, "SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8");
  EXPECT_EQ(head.top_via_branch, "z9hG4bK9ikj8");
  EXPECT_EQ(head.content_length, 3U);
}

TEST_F(MessageHeadTest, ReadsAFoldedMethodInResponses) {
  EXPECT_EQ(Read("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a\r\ni: c\r\nCSEQ: 0009\r\n\tINVITE \r\n\r\n").method, "INVITE");
}

TEST_F(MessageHeadTest, ABodyThatBeginsWithABlankFoldsNothing) {
  const std::string message = "SIP/2.0 200 OK\r\n" + kRest;
  EXPECT_EQ(Read(message + " body").header_bytes, message.size());
  EXPECT_EQ(Read(message + "\tbody\r\n\r\n").header_bytes, message.size());
}

TEST_F(MessageHeadTest, TakesTheFirstOfRepeatedFields) {
  const MessageHead head = Read("OPTIONS sip:a SIP/2.0\r\nv: SIP/2.0/UDP first;branch=1\r\ni: first\r\n" + kRest);
  EXPECT_EQ(head.top_via_branch, "1");
  EXPECT_EQ(head.call_id, "first");
  EXPECT_EQ(Read("OPTIONS sip:a SIP/2.0\r\nv: SIP/2.0/UDP first\r\n" + kRest).top_via_branch, "");
}

TEST_F(MessageHeadTest, NamesWhatIsMissing) {
  const std::string start = "OPTIONS sip:a SIP/2.0\r\n";
  EXPECT_EQ(WhyNot(start + "Call-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n"), "no Via");
  EXPECT_EQ(WhyNot(start + "Via: SIP/2.0/UDP a\r\nCSeq: 1 OPTIONS\r\n\r\n"), "no Call-ID");
  EXPECT_EQ(WhyNot(start + "Via: SIP/2.0/UDP a\r\nCall-ID: c\r\n\r\n"), "no CSeq");
  EXPECT_EQ(WhyNot(start + "\r\n"), "no Via");
  EXPECT_EQ(WhyNot(start + "Via: SIP/2.0/UDP a\r\nCall-ID:\r\n" + kRest), "empty Call-ID");
  EXPECT_EQ(WhyNot(start + "Via: , SIP/2.0/UDP a\r\n" + kRest), "empty Via");
}

TEST_F(MessageHeadTest, RefusesBadStartLines) {
  for (const char* line : {"",
                           " ",
                           "INVITE",
                           "INVITE sip:a",
                           "INVITE sip:a SIP/3.0",
                           "INVITE  sip:a SIP/2.0",
                           "INVITE sip:a  SIP/2.0",
                           "INVITE sip:a SIP/2.0 ",
                           "INVITE sip:a b SIP/2.0",
                           "INVITE SIP/2.0",
                           "INV\"ITE sip:a SIP/2.0",
                           " INVITE sip:a SIP/2.0",
                           "GET / HTTP/1.1",
                           "SIP/2.0 99 x",
                           "SIP/2.0 700 x",
                           "SIP/2.0 20 OK",
                           "SIP/2.0 2000 OK",
                           "SIP/2.0 +20 OK",
                           "SIP/2.0  200 OK",
                           "SIP/2.0",
                           "SIP/7.0 200 OK",
                           "SIP/2.0 200 O\x01K",
                           "INVITE sip:a\tb SIP/2.0"}) {
    EXPECT_EQ(WhyNot(line + ("\r\n" + kRest)), "the first line is no start line of SIP/2.0") << line;
  }
  EXPECT_EQ(WhyNot(std::string(65, 'A') + " sip:a SIP/2.0\r\n" + kRest), "the first line is no start line of SIP/2.0");
  EXPECT_EQ(WhyNot("INVITE sip:a SIP/2.0"), "no line end");
}

TEST_F(MessageHeadTest, RefusesHeaderLinesThatCannotBeToldApart) {
  const std::string start = "OPTIONS sip:a SIP/2.0\r\n";
  for (const char* line :
       {"no colon\r\n", ": no name\r\n", "bare: line feed\n", "two words: x\r\n", "n\xc3\xa4me: x\r\n", "cut: off\r",
        "\rname: x\r\n", "Nocolon\r\n", " fold: of nothing\r\n"}) {
    EXPECT_EQ(WhyNot(start + line + kRest), "a header line is broken or the empty line is missing") << line;
  }
  EXPECT_EQ(WhyNot(start + kRest.substr(0, kRest.size() - 2)), "a header line is broken or the empty line is missing");
}

TEST_F(MessageHeadTest, RefusesBadContentLengths) {
  const std::string start = "OPTIONS sip:a SIP/2.0\r\n";
  for (const char* value : {"", "-1", "+1", "1 2", "0x1", "1,1", "1\r\n 2"}) {
    EXPECT_EQ(WhyNot(start + "Content-Length: " + value + "\r\n" + kRest), "Content-Length is not a number") << value;
  }
  EXPECT_EQ(WhyNot(start + "Content-Length: 1\r\nl: 2\r\n" + kRest), "two different Content-Lengths");
  EXPECT_EQ(Read(start + "Content-Length: 1\r\nl: 01\r\n" + kRest).content_length, 1U);
  EXPECT_EQ(Read(start + "l: 18446744073709551614\r\n" + kRest).content_length, SIZE_MAX - 1);
  EXPECT_EQ(Read(start + "l: 18446744073709551616\r\n" + kRest).content_length, SIZE_MAX);
  EXPECT_EQ(Read(start + "l: 99999999999999999999999999\r\n" + kRest).content_length, SIZE_MAX);
}

TEST_F(MessageHeadTest, RefusesBadCSeqs) {
  const std::string start = "OPTIONS sip:a SIP/2.0\r\n";
  for (const char* value : {"", "1", "OPTIONS", "1OPTIONS", "1 OPT IONS", "1 \"OPTIONS\"", "x OPTIONS"}) {
    EXPECT_EQ(WhyNot(start + "CSeq: " + value + "\r\n" + kRest), "CSeq is not a number and a method") << value;
  }
}

}  // namespace
}  // namespace flowbroker::sip
