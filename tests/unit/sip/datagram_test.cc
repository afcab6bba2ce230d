#include "broker/sip/datagram.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/sip/options_probe.h"
#include "broker/sip/options_template.h"

namespace flowbroker::sip {
namespace {

using Kind = MessageFramer::Kind;

TEST(DatagramTest, IsToldByItsFirstOctetsWhatItIs) {  // E6, RFC 5626 s.4.4
  EXPECT_EQ(KindOfDatagram(std::string_view("\x00\x01", 2)), Kind::kStun);
  EXPECT_EQ(KindOfDatagram("\x01"), Kind::kStun);
  for (const char* ping : {"", "\r\n", "\r\n\r\n", "\n"}) EXPECT_EQ(KindOfDatagram(ping), Kind::kPing);
  for (const char* other : {"REGISTER", "\r\nREGISTER", " ", "\x02", "\xff"})
    EXPECT_EQ(KindOfDatagram(other), Kind::kMessage);
}

TEST(DatagramTest, OctetsBeyondContentLengthAreDiscardedAndTooFewAreNoMessage) {  // RFC 3261 s.18.3
  const auto message = [](const std::string& length, const std::string& body) {
    return "MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n" +
           length + "\r\n" + body;
  };
  const auto read = [](const std::string& datagram) { return MessageInDatagram(datagram, *ReadMessageHead(datagram)); };
  EXPECT_EQ(read(message("Content-Length: 3\r\n", "abcdef")), message("Content-Length: 3\r\n", "abc"));
  EXPECT_EQ(read(message("", "abcdef")), message("", "abcdef"));
  EXPECT_EQ(read(message("Content-Length: 7\r\n", "abcdef")), std::nullopt);
  EXPECT_EQ(read(message("Content-Length: 18446744073709551615\r\n", "abcdef")), std::nullopt);
}

TEST(OptionsTemplateTest, WritesWhatWriteOptionsProbeWrites) {  // N4
  for (const auto& [local, remote] :
       {std::pair{"192.0.2.1", "198.51.100.7"}, std::pair{"2001:db8::1", "2001:db8::7"}}) {
    const Endpoint from{*IpAddress::Parse(local), 5060};
    const Endpoint to{*IpAddress::Parse(remote), 40'000};
    const OptionsTemplate keep_alive(from);
    for (const char* token : {"0123456789abcdef", "fedcba9876543210"}) {
      std::string probe =
          WriteOptionsProbe({.target = {to, Transport::kUdp}, .local = from, .token = token, .uri_host = "HOST"});
      while (probe.find("HOST") != std::string::npos) probe.replace(probe.find("HOST"), 4, to.ToString());
      EXPECT_EQ(keep_alive.Write(to, token), probe);
      EXPECT_TRUE(ReadMessageHead(keep_alive.Write(to, token)));
      EXPECT_EQ(OptionsProbeTokenOf(ReadMessageHead(keep_alive.Write(to, token))->top_via_branch), token);
    }
  }
}

}  // namespace
}  // namespace flowbroker::sip
