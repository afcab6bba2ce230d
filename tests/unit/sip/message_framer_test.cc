#include "broker/sip/message_framer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/sip/stun_message.h"

namespace flowbroker::sip {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = MessageFramer::Kind;

std::string Message(const std::string& body, const std::string& header = "Content-Length") {
  return "MESSAGE sip:a SIP/2.0\r\nSubject: x\r\n" + header + ": " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<std::string> Drain(MessageFramer& framer) {
  std::vector<std::string> items;
  while (const auto item = framer.Next()) {
    switch (item->kind) {
      case Kind::kMessage:
        items.emplace_back(item->bytes);
        break;
      case Kind::kPing:
        items.emplace_back("ping");
        break;
      case Kind::kPong:
        items.emplace_back("pong");
        break;
      case Kind::kStun:
        items.push_back("STUN " + std::string(item->bytes));
        break;
    }
  }
  return items;
}

/// Everything a framer makes of `stream`, appended in pieces of `size` octets through one reused buffer.
std::vector<std::string> Frame(MessageFramer& framer, std::string_view stream, std::size_t size) {
  std::vector<std::string> items;
  std::string buffer;
  for (std::size_t i = 0; i < stream.size(); i += size) {
    buffer.assign(stream.substr(i, size));
    framer.Append(buffer);
    for (std::string& item : Drain(framer)) items.push_back(std::move(item));
    buffer.assign(buffer.size(), '#');  // what Next() left must be the framer's own by now
  }
  return items;
}

Failure FailureOf(std::string_view stream, FramerLimits limits = {}) {
  MessageFramer whole(limits);
  whole.Append(stream);
  Drain(whole);
  MessageFramer split(limits);
  Frame(split, stream, 1);
  EXPECT_TRUE(whole.failure()) << stream.substr(0, 100);
  EXPECT_TRUE(split.failure()) << stream.substr(0, 100);
  if (!whole.failure() || !split.failure()) return {FailureReason::kInternal, "no failure"};
  EXPECT_EQ(whole.failure()->detail, split.failure()->detail);
  EXPECT_EQ(whole.buffered(), 0U);
  EXPECT_FALSE(whole.Next());
  return *whole.failure();
}

TEST(MessageFramerTest, CutsByContentLengthHoweverTheStreamIsSplit) {
  const std::string first = Message("hello");
  const std::string second = Message("", "l");
  const std::string third = Message("SIP/2.0 200 OK\r\n\r\n", "CONTENT-length  ");
  const std::string stream = first + second + "\r\n" + third + first;
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    MessageFramer framer{FramerLimits{}};
    EXPECT_THAT(Frame(framer, stream, size), ElementsAre(first, second, "pong", third, first)) << size;
    EXPECT_FALSE(framer.failure());
    EXPECT_EQ(framer.buffered(), 0U);
  }
}

TEST(MessageFramerTest, DoesNotCopyWhatCameWhole) {
  const std::string stream = Message("one") + Message("two");
  MessageFramer framer{FramerLimits{}};
  framer.Append(stream);
  EXPECT_EQ(framer.Next()->bytes.data(), stream.data());
  EXPECT_EQ(framer.Next()->bytes.data(), stream.data() + stream.size() / 2);
}

TEST(MessageFramerTest, ItemsStayValidUntilTheNextAppend) {
  const std::string message = Message("one");
  MessageFramer framer{FramerLimits{}};
  framer.Append(std::string_view(message).substr(0, 10));
  EXPECT_FALSE(framer.Next());
  const std::string rest = message.substr(10) + message + "MESS";
  framer.Append(rest);
  const auto first = framer.Next();
  const auto second = framer.Next();
  EXPECT_FALSE(framer.Next());
  EXPECT_EQ(first->bytes, message);
  EXPECT_EQ(second->bytes, message);
  EXPECT_EQ(framer.buffered(), 4U);
}

TEST(MessageFramerTest, CompactFreesTheCallersBuffer) {
  std::string buffer = Message("one") + Message("two");
  MessageFramer framer{FramerLimits{}};
  framer.Append(buffer);
  EXPECT_EQ(framer.Next()->bytes, Message("one"));
  framer.Compact();
  buffer.assign(buffer.size(), '#');
  EXPECT_EQ(framer.buffered(), Message("two").size());
  EXPECT_EQ(framer.Next()->bytes, Message("two"));
  framer.Compact();
  EXPECT_EQ(framer.buffered(), 0U);
}

TEST(MessageFramerTest, AppendBeforeTheRestWasTakenLosesNothing) {
  const std::string one = Message("one");
  MessageFramer framer{FramerLimits{}};
  std::string stream;
  for (int i = 0; i < 5; ++i) stream += one;
  framer.Append(stream);
  EXPECT_EQ(framer.Next()->bytes, one);
  framer.Append(one);
  EXPECT_THAT(Drain(framer), ElementsAre(one, one, one, one, one));
}

// RFC 5626 s.4.4.1, RFC 3261 s.7.5.
TEST(MessageFramerTest, TellsPingFromPong) {
  MessageFramer framer{FramerLimits{}};
  framer.Append("\r\n\r\n");
  EXPECT_THAT(Drain(framer), ElementsAre("ping"));
  framer.Append("\r\n");
  EXPECT_THAT(Drain(framer), ElementsAre("pong"));
  framer.Append("\r\n\r\n\r\n\r\n\r\n");
  EXPECT_THAT(Drain(framer), ElementsAre("ping", "ping", "pong"));
  for (const char* piece : {"\r", "\n\r"}) {
    framer.Append(piece);
    EXPECT_THAT(Drain(framer), IsEmpty());
  }
  framer.Append("\n");
  EXPECT_THAT(Drain(framer), ElementsAre("ping"));
  EXPECT_FALSE(framer.failure());
}

// E6: RFC 5626 s.8 has STUN and SIP share a connection.
TEST(MessageFramerTest, TakesStunBetweenMessagesWhereItIsWanted) {
  const std::string request(WriteBindingRequest({}, false).view());
  const std::string answer(WriteBindingAnswer({}, {IpAddress::FromIpv4({192, 0, 2, 1}), 5060}, true).view());
  const std::string first = Message("hello");
  const std::string second = Message("");
  const std::string stream = request + first + "\r\n" + answer + request + second + answer;
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    MessageFramer framer{FramerLimits{.stun = true}};
    EXPECT_THAT(Frame(framer, stream, size), ElementsAre("STUN " + request, first, "pong", "STUN " + answer,
                                                         "STUN " + request, second, "STUN " + answer))
        << size;
    EXPECT_FALSE(framer.failure());
    EXPECT_EQ(framer.buffered(), 0U);
  }
}

TEST(MessageFramerTest, WithoutTheSwitchStunIsGarbage) {
  EXPECT_THAT(FailureOf(WriteBindingRequest({}, true).view()).detail, HasSubstr("no start line"));
}

TEST(MessageFramerTest, RefusesWhatOnlyBeginsLikeStun) {
  const FramerLimits limits{.stun = true};
  std::string no_cookie(WriteBindingRequest({}, false).view());
  no_cookie[7] = 'x';
  std::string too_long(WriteBindingRequest({}, false).view());
  too_long[2] = '\x7f';
  std::string odd(WriteBindingRequest({}, false).view());
  odd[3] = 1;
  for (const std::string& stream : {no_cookie, too_long, odd, std::string(8, '\0')}) {
    EXPECT_THAT(FailureOf(stream, limits).detail, HasSubstr("begin like STUN"));
  }
  EXPECT_THAT(FailureOf("\x02STUN", limits).detail, HasSubstr("no start line"));
  MessageFramer framer{limits};
  framer.Append(std::string_view("\0\1\0\0!", 5));  // may still become anything
  EXPECT_FALSE(framer.Next());
  EXPECT_FALSE(framer.failure());
}

TEST(MessageFramerTest, NeedsContentLength) {
  const Failure failure = FailureOf("OPTIONS sip:a SIP/2.0\r\nSubject: x\r\n\r\n");
  EXPECT_EQ(failure.reason, FailureReason::kMalformedMessage);
  EXPECT_THAT(failure.detail, HasSubstr("no Content-Length"));
  FailureOf("OPTIONS sip:a SIP/2.0\r\n\r\n");
}

TEST(MessageFramerTest, RefusesBadContentLengths) {
  for (const char* value : {"", "-1", "+5", "5x", "0x5", "5 5", "5, 5", "5\r\n 5", "\r\n "}) {
    const Failure failure = FailureOf("OPTIONS sip:a SIP/2.0\r\nl: " + std::string(value) + "\r\n\r\n12345");
    EXPECT_EQ(failure.reason, FailureReason::kMalformedMessage) << value;
    EXPECT_THAT(failure.detail, HasSubstr("not a number")) << value;
  }
  EXPECT_THAT(FailureOf("OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n").detail,
              HasSubstr("two different"));
}

TEST(MessageFramerTest, TakesFoldedAndRepeatedEqualContentLengths) {
  const std::string message = "OPTIONS sip:a SIP/2.0\r\nContent-Length :\r\n\t3\r\nl: 003\r\n\r\nabc";
  MessageFramer framer{FramerLimits{}};
  EXPECT_THAT(Frame(framer, message, 1), ElementsAre(message));
}

TEST(MessageFramerTest, LimitsBodies) {
  const FramerLimits limits{.max_header_bytes = 1000, .max_body_bytes = 5};
  MessageFramer framer(limits);
  EXPECT_THAT(Frame(framer, Message("12345"), 1000), ElementsAre(Message("12345")));
  for (const char* value : {"6", "18446744073709551615", "18446744073709551616", "99999999999999999999999999999"}) {
    const Failure failure = FailureOf("OPTIONS sip:a SIP/2.0\r\nl: " + std::string(value) + "\r\n\r\n", limits);
    EXPECT_EQ(failure.reason, FailureReason::kMessageTooLarge) << value;
    EXPECT_EQ(failure.detail, "a body of more than 5 octets");
  }
  const FramerLimits unlimited{.max_header_bytes = SIZE_MAX, .max_body_bytes = SIZE_MAX};
  EXPECT_EQ(FailureOf("OPTIONS sip:a SIP/2.0\r\nl: 18446744073709551615\r\n\r\n", unlimited).reason,
            FailureReason::kMessageTooLarge);
}

TEST(MessageFramerTest, LimitsHeadersAtTheExactOctet) {
  const std::string message = Message("");
  MessageFramer framer(FramerLimits{.max_header_bytes = message.size(), .max_body_bytes = 0});
  EXPECT_THAT(Frame(framer, message, 1), ElementsAre(message));
  EXPECT_FALSE(framer.failure());
  const Failure failure = FailureOf(message, {.max_header_bytes = message.size() - 1, .max_body_bytes = 0});
  EXPECT_EQ(failure.reason, FailureReason::kMessageTooLarge);
  EXPECT_THAT(failure.detail, HasSubstr("headers of more than"));
}

TEST(MessageFramerTest, EndsAnEndlessHeader) {
  MessageFramer framer{FramerLimits{}};
  framer.Append("OPTIONS sip:a SIP/2.0\r\n");
  const std::string line = "X: " + std::string(1000, 'y') + "\r\n";
  std::size_t sent = 0;
  while (!framer.failure() && sent < 200'000) {
    framer.Append(line);
    EXPECT_FALSE(framer.Next());
    sent += line.size();
  }
  EXPECT_LE(sent, FramerLimits{}.max_header_bytes + line.size());
  EXPECT_EQ(framer.failure()->reason, FailureReason::kMessageTooLarge);
}

TEST(MessageFramerTest, RefusesGarbageAtItsFirstOctets) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view start : {"\0"sv,
                                       "\x16\x03\x01"sv,
                                       "\n"sv,
                                       "\rX"sv,
                                       "\r\nX\0"sv,
                                       " "sv,
                                       ":"sv,
                                       "<?xml"sv,
                                       "{"sv,
                                       "\x80"sv,
                                       "OPT\x01"sv,
                                       "SIP/1"sv,
                                       "SIP/2.0\t"sv,
                                       "SIP/2 "sv,
                                       "A/"sv,

                                       "OPTIONS sip:a\0"sv,
                                       "OPTIONS sip:a\rb"sv,
                                       "OPTIONS sip:a SIP/2.0\n"sv,
                                       "GET / HTTP/1.1\r\n"sv,
                                       "SSH-2.0-OpenSSH_9.2\r\n"sv}) {
    const Failure failure = FailureOf(start);
    EXPECT_EQ(failure.reason, FailureReason::kMalformedMessage) << start;
    EXPECT_THAT(failure.detail, HasSubstr("no start line")) << start;
  }
  FailureOf(std::string(65, 'A'));
}

TEST(MessageFramerTest, RefusesBrokenHeaderLines) {
  for (const char* line : {"bare: feed\n", "no colon\r\n", ": no name\r\n", " folds nothing\r\n"}) {
    const Failure failure = FailureOf("OPTIONS sip:a SIP/2.0\r\n" + std::string(line) + "l: 0\r\n\r\n");
    EXPECT_EQ(failure.detail, "a broken header line") << line;
  }
}

TEST(MessageFramerTest, GivesOutWhatCameBeforeTheDefect) {
  MessageFramer framer{FramerLimits{}};
  const std::string stream = Message("ok") + "garbage!?\x01";
  framer.Append(stream);
  EXPECT_EQ(framer.Next()->bytes, Message("ok"));
  EXPECT_FALSE(framer.Next());
  EXPECT_TRUE(framer.failure());
  const std::string late = Message("late");
  framer.Append(late);
  EXPECT_FALSE(framer.Next());
}

TEST(MessageFramerTest, MayMoveWithWhatItHolds) {
  MessageFramer first{FramerLimits{}};
  Frame(first, Message("ok").substr(0, 7), 7);
  MessageFramer second = std::move(first);
  EXPECT_THAT(Frame(second, Message("ok").substr(7), 100), ElementsAre(Message("ok")));
}

// With quadratic work in start line, header or body this takes hours, and the test's time-out ends it.
TEST(MessageFramerTest, WorkIsLinearForAPeerThatSendsOctetByOctet) {
  const std::size_t many = 1'500'000;
  const std::string message = "OPTIONS sip:" + std::string(many, 'a') + " SIP/2.0\r\nX: " + std::string(many, 'x') +
                              "\r\nl: " + std::to_string(many) + "\r\n\r\n" + std::string(many, 'b');
  MessageFramer framer{FramerLimits{.max_header_bytes = 3 * many, .max_body_bytes = many}};
  std::size_t messages = 0;
  for (const char& octet : message) {
    framer.Append({&octet, 1});
    while (framer.Next()) ++messages;
  }
  EXPECT_EQ(messages, 1U);
}

}  // namespace
}  // namespace flowbroker::sip
