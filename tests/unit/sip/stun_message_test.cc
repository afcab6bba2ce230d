#include "broker/sip/stun_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::sip {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Octets(std::string_view hex) {
  std::string octets;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    octets += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return octets;
}

// RFC 5769 s.2.1: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, MESSAGE-INTEGRITY, FINGERPRINT; padded with blanks.
const std::string kSampleRequest = Octets(
    "00010058 2112a442 b7e7a701bc34d686fa87dfae"
    "80220010 5354554e207465737420636c69656e74"
    "00240004 6e0001ff"
    "80290008 932ff9b151263b36"
    "00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004 e57a3bcf");

// RFC 5769 s.2.2: SOFTWARE, XOR-MAPPED-ADDRESS 192.0.2.1:32853, MESSAGE-INTEGRITY, FINGERPRINT.
const std::string kSampleIpv4Response = Octets(
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200008 0001a147e112a643"
    "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004 c07d4c96");

// RFC 5769 s.2.3: the same for 2001:db8:1234:5678:11:2233:4455:6677, port 32853.
const std::string kSampleIpv6Response = Octets(
    "01010048 2112a442 b7e7a701bc34d686fa87dfae"
    "8022000b 7465737420766563746f7220"
    "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004 c8fb0b4c");

// RFC 5769 s.2.4: USERNAME, NONCE, REALM, MESSAGE-INTEGRITY; no FINGERPRINT.
const std::string kSampleLongTermRequest = Octets(
    "00010060 2112a442 78ad3433c6ad72c029da412e"
    "00060012 e3839ee38388e383aae38383e382afe382b90000"
    "0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341"
    "0014000b 6578616d706c652e6f726700"
    "00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666");

const StunTransactionId kSampleId{{0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae}};

Endpoint At(std::string_view address, std::uint16_t port) {
  return {IpAddress::Parse(address).value(), port};
}

/// A Binding success response with these attributes.
std::string Response(const std::string& hex_of_attributes, std::string_view type = "0101") {
  const std::string attributes = Octets(hex_of_attributes);
  std::string message = Octets(std::string(type) + "0000 2112a442 b7e7a701bc34d686fa87dfae") + attributes;
  message[2] = static_cast<char>(attributes.size() >> 8U);
  message[3] = static_cast<char>(attributes.size());
  return message;
}

std::string WhatIsWrong(const std::string& message) {
  const Expected<StunMessage> stun = ReadStun(message);
  if (stun) return "nothing";
  EXPECT_EQ(stun.error().reason, FailureReason::kMalformedMessage);
  return stun.error().detail;
}

TEST(StunMessageTest, ReadsTheSampleRequestOfRfc5769) {
  const Expected<StunMessage> stun = ReadStun(kSampleRequest);
  ASSERT_TRUE(stun) << stun.error().detail;
  EXPECT_EQ(stun->message_class, StunClass::kRequest);
  EXPECT_EQ(stun->method, kStunBinding);
  EXPECT_EQ(stun->id, kSampleId);
  EXPECT_TRUE(stun->has_fingerprint);
  EXPECT_EQ(stun->mapped_address, std::nullopt);
  EXPECT_THAT(stun->unknown.types(), ElementsAre(0x0024));  // PRIORITY is of ICE, which we do not speak
}

TEST(StunMessageTest, ReadsTheSampleResponsesOfRfc5769) {
  const Expected<StunMessage> ipv4 = ReadStun(kSampleIpv4Response);
  ASSERT_TRUE(ipv4) << ipv4.error().detail;
  EXPECT_EQ(ipv4->message_class, StunClass::kSuccess);
  EXPECT_EQ(ipv4->id, kSampleId);
  EXPECT_TRUE(ipv4->has_fingerprint);
  EXPECT_EQ(ipv4->mapped_address, At("192.0.2.1", 32853));
  EXPECT_THAT(ipv4->unknown.types(), IsEmpty());

  const Expected<StunMessage> ipv6 = ReadStun(kSampleIpv6Response);
  ASSERT_TRUE(ipv6) << ipv6.error().detail;
  EXPECT_TRUE(ipv6->has_fingerprint);
  EXPECT_EQ(ipv6->mapped_address, At("2001:db8:1234:5678:11:2233:4455:6677", 32853));
}

// Carried, not judged: the broker has no password to judge it with.
TEST(StunMessageTest, ReadsOverTheCredentialsOfALongTermRequest) {
  const Expected<StunMessage> stun = ReadStun(kSampleLongTermRequest);
  ASSERT_TRUE(stun) << stun.error().detail;
  EXPECT_EQ(stun->message_class, StunClass::kRequest);
  EXPECT_FALSE(stun->has_fingerprint);
  EXPECT_THAT(stun->unknown.types(), IsEmpty());
  std::string other_integrity = kSampleLongTermRequest;
  other_integrity.back() ^= 1;
  EXPECT_TRUE(ReadStun(other_integrity));
}

TEST(StunMessageTest, WritesTheAddressesAsTheSamplesHaveThem) {
  const WrittenStun ipv4 = WriteBindingAnswer(kSampleId, At("192.0.2.1", 32853), false);
  EXPECT_EQ(ipv4.view(), Response("00200008 0001a147e112a643"));
  const WrittenStun ipv6 = WriteBindingAnswer(kSampleId, At("2001:db8:1234:5678:11:2233:4455:6677", 32853), false);
  EXPECT_EQ(ipv6.view(), Response("00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"));
}

TEST(StunMessageTest, WhatIsWrittenIsRead) {
  for (const bool with_fingerprint : {false, true}) {
    const Expected<StunMessage> request = ReadStun(WriteBindingRequest(kSampleId, with_fingerprint).view());
    ASSERT_TRUE(request) << request.error().detail;
    EXPECT_EQ(request->message_class, StunClass::kRequest);
    EXPECT_EQ(request->id, kSampleId);
    EXPECT_EQ(request->has_fingerprint, with_fingerprint);
    for (const Endpoint& source : {At("203.0.113.7", 1), At("2001:db8::7", 65535)}) {
      const Expected<StunMessage> answer = ReadStun(WriteBindingAnswer(kSampleId, source, with_fingerprint).view());
      ASSERT_TRUE(answer) << answer.error().detail;
      EXPECT_EQ(answer->message_class, StunClass::kSuccess);
      EXPECT_EQ(answer->method, kStunBinding);
      EXPECT_EQ(answer->mapped_address, source);
      EXPECT_EQ(answer->has_fingerprint, with_fingerprint);
    }
  }
}

TEST(StunMessageTest, AnErrorNamesItsCodeAndWhatWasUnknown) {
  StunUnknownAttributes unknown;
  unknown.Add(0x0003);
  const WrittenStun written = WriteBindingError(kSampleId, 420, unknown, true);
  EXPECT_THAT(std::string(written.view()),
              HasSubstr(Octets("00090004 00000414") + Octets("000a0002 00030000") + Octets("80280004")));
  const Expected<StunMessage> error = ReadStun(written.view());
  ASSERT_TRUE(error) << error.error().detail;
  EXPECT_EQ(error->message_class, StunClass::kError);
  EXPECT_EQ(error->error_code, 420);
  EXPECT_TRUE(error->has_fingerprint);
  EXPECT_EQ(WriteBindingError(kSampleId, 400, {}, false).view(), Response("00090004 00000400", "0111"));
}

TEST(StunMessageTest, TheLargestErrorFits) {
  StunUnknownAttributes unknown;
  for (std::uint16_t type = 0x7000; type < 0x7100; ++type) unknown.Add(type);
  EXPECT_EQ(unknown.types().size(), StunUnknownAttributes::kMaxKept);
  const WrittenStun written = WriteBindingError(kSampleId, 699, unknown, true);
  EXPECT_EQ(written.size, WrittenStun::kMaxOctets);
  EXPECT_EQ(ReadStun(written.view())->error_code, 699);
}

TEST(StunMessageTest, UnknownAttributesCountOnceAndOnlyWhereTheyMustBeUnderstood) {
  const Expected<StunMessage> stun = ReadStun(Response("00030000 00030000 7fff0000 80030000 ffff0000", "0001"));
  ASSERT_TRUE(stun) << stun.error().detail;
  EXPECT_THAT(stun->unknown.types(), ElementsAre(0x0003, 0x7fff));
}

TEST(StunMessageTest, XorMappedAddressWinsAndOfTwoTheFirst) {
  const std::string plain = "00010008 000113c4c0000201";                             // 192.0.2.1:5060
  const std::string masked = "00200008 0001a147e112a643 00200008 0001a147e112a644";  // 192.0.2.1:32853, then .6
  EXPECT_EQ(ReadStun(Response(plain))->mapped_address, At("192.0.2.1", 5060));
  EXPECT_EQ(ReadStun(Response(plain + masked))->mapped_address, At("192.0.2.1", 32853));
  EXPECT_EQ(ReadStun(Response(masked + plain))->mapped_address, At("192.0.2.1", 32853));
}

// RFC 8489 s.14.5: anybody on the path may have added them.
TEST(StunMessageTest, AttributesAfterMessageIntegrityAreIgnored) {
  const std::string integrity = "00080014 " + std::string(40, '0');
  const Expected<StunMessage> stun = ReadStun(Response(integrity + "00200008 0001a147e112a643 00030000"));
  ASSERT_TRUE(stun) << stun.error().detail;
  EXPECT_EQ(stun->mapped_address, std::nullopt);
  EXPECT_THAT(stun->unknown.types(), IsEmpty());
}

TEST(StunMessageTest, EveryFlippedBitIsFoundByFingerprint) {
  for (std::size_t bit = 0; bit < kSampleIpv6Response.size() * 8; ++bit) {
    std::string spoilt = kSampleIpv6Response;
    spoilt[bit / 8] = static_cast<char>(spoilt[bit / 8] ^ 1 << bit % 8);
    const Expected<StunMessage> stun = ReadStun(spoilt);
    EXPECT_FALSE(stun && stun->has_fingerprint) << "bit " << bit;
  }
}

TEST(StunMessageTest, SaysWhatIsWrong) {
  EXPECT_THAT(WhatIsWrong(""), HasSubstr("no STUN message"));
  EXPECT_THAT(WhatIsWrong("INVITE sip:a@example.org SIP/2.0\r\n"), HasSubstr("no STUN message"));
  EXPECT_THAT(WhatIsWrong(Response("000900040000041")), HasSubstr("no STUN message"));  // no multiple of 4
  EXPECT_THAT(WhatIsWrong(Response("") + "x"), HasSubstr("shorter or longer"));
  EXPECT_THAT(WhatIsWrong(Response("80220005 41424344")), HasSubstr("longer than the message"));
  EXPECT_THAT(WhatIsWrong(Response("8022ffff 41424344")), HasSubstr("longer than the message"));
  EXPECT_THAT(WhatIsWrong(Response("80280004 00000000")), HasSubstr("wrong STUN FINGERPRINT"));
  EXPECT_THAT(WhatIsWrong(Response("80280004 00000000 80220000")), HasSubstr("not the last"));
  EXPECT_THAT(WhatIsWrong(Response("80280003 00000000")), HasSubstr("not of 4 octets"));
}

TEST(StunMessageTest, AddressesAndErrorCodesOutOfTheirRangeAreMalformed) {
  EXPECT_EQ(WhatIsWrong(Response("00010008 000113c4c0000201")), "nothing");
  EXPECT_THAT(WhatIsWrong(Response("00010008 00010000c0000201")), HasSubstr("address"));  // port 0
  EXPECT_THAT(WhatIsWrong(Response("00200008 00012112c0000201")), HasSubstr("address"));  // port 0, masked
  EXPECT_THAT(WhatIsWrong(Response("00010008 000313c4c0000201")), HasSubstr("address"));  // a third family
  EXPECT_THAT(WhatIsWrong(Response("00010008 000213c4c0000201")), HasSubstr("address"));  // IPv6 of 4 octets
  EXPECT_THAT(WhatIsWrong(Response("00010004 000113c4")), HasSubstr("address"));
  EXPECT_THAT(WhatIsWrong(Response("00200000")), HasSubstr("address"));
  EXPECT_EQ(WhatIsWrong(Response("00090004 00000663")), "nothing");
  for (const char* code : {"00000700", "00000263", "00000464"}) {
    EXPECT_THAT(WhatIsWrong(Response("00090004" + std::string(code))), HasSubstr("ERROR-CODE")) << code;
  }
}

TEST(StunMessageTest, NoPartOfAMessageIsAMessage) {
  for (const std::string& sample : {kSampleRequest, kSampleIpv6Response, kSampleLongTermRequest}) {
    for (std::size_t size = 0; size < sample.size(); ++size) EXPECT_FALSE(ReadStun(sample.substr(0, size))) << size;
  }
}

// E6: RFC 5626 s.4.4.2 and s.8 tell STUN from SIP by the first octet; CR shares its two top bits with STUN.
TEST(StunMessageTest, TheFirstOctetTellsStunFromSipAndCrlf) {
  EXPECT_TRUE(IsStun(kSampleRequest[0]));
  EXPECT_TRUE(IsStun(kSampleIpv4Response[0]));
  for (int octet = 2; octet < 256; ++octet) EXPECT_FALSE(IsStun(static_cast<char>(octet))) << octet;
}

TEST(StunMessageTest, ItsFirstOctetsTellTheLength) {
  const std::string stream = kSampleRequest + "INVITE ";
  for (std::size_t size = 0; size < kStunPrefixOctets; ++size)
    EXPECT_EQ(StunLength(stream.substr(0, size)), std::nullopt);
  for (std::size_t size = kStunPrefixOctets; size < stream.size(); ++size) {
    EXPECT_EQ(StunLength(stream.substr(0, size)), kSampleRequest.size());
  }
  EXPECT_EQ(StunLength(Octets("000105c8 2112a442")), kMaxStunOctets);
  EXPECT_EQ(StunLength(Octets("000105cc 2112a442")), std::nullopt);  // longer
  EXPECT_EQ(StunLength(Octets("00010002 2112a442")), std::nullopt);  // no multiple of 4
  EXPECT_EQ(StunLength(Octets("00010000 2112a443")), std::nullopt);  // no magic cookie: RFC 3489
}

TEST(StunMessageTest, ClassAndMethodAreToldFromTheTypesBits) {
  struct Case {
    const char* type;
    StunClass message_class;
    std::uint16_t method;
  };
  for (const Case& c :
       {Case{"0011", StunClass::kIndication, kStunBinding}, Case{"0111", StunClass::kError, kStunBinding},
        Case{"0003", StunClass::kRequest, 3}, Case{"01ef", StunClass::kSuccess, 0x07f}}) {
    const Expected<StunMessage> stun = ReadStun(Response("", c.type));
    ASSERT_TRUE(stun) << c.type;
    EXPECT_EQ(stun->message_class, c.message_class) << c.type;
    EXPECT_EQ(stun->method, c.method) << c.type;
  }
}

TEST(StunMessageTest, TransactionIdsUseAllTheirBits) {
  testing::SeededRandom random{11};
  std::array<std::uint8_t, 12> ones{};
  std::array<std::uint8_t, 12> zeros{};
  for (int i = 0; i < 64; ++i) {
    const StunTransactionId id = StunTransactionId::Make(random);
    for (std::size_t octet = 0; octet < 12; ++octet) {
      ones[octet] = static_cast<std::uint8_t>(ones[octet] | id.octets[octet]);
      zeros[octet] = static_cast<std::uint8_t>(zeros[octet] | ~id.octets[octet]);
    }
  }
  EXPECT_THAT(ones, ::testing::Each(0xff));
  EXPECT_THAT(zeros, ::testing::Each(0xff));
}

}  // namespace
}  // namespace flowbroker::sip
