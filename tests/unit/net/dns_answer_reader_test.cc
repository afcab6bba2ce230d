#include "broker/net/dns_answer_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/net/dns_message.h"

namespace flowbroker::net {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the builders of dns_message.h
using dns::AnswerStatus;
using dns::DnsName;
using dns::RecordType;
using std::chrono::seconds;

const dns::Question kAskA = Ask(RecordType::kA, "host.example");

Octets Address(std::uint8_t last) {
  return {192, 0, 2, last};
}

TEST(DnsAnswerReaderTest, GivesAllAddressesWithTheLowestTtl) {
  DnsMessage message(kAskA);
  message.Answer("host.example", RecordType::kA, 300, Address(1))
      .Answer("HOST.Example", RecordType::kA, 60, Address(2));
  const auto reading = ReadDnsAnswer(kAskA, message.octets());
  EXPECT_EQ(reading.answer.status, AnswerStatus::kRecords);
  ASSERT_EQ(reading.answer.addresses.size(), 2U);
  EXPECT_EQ(reading.answer.addresses[1].ToString(), "192.0.2.2");
  EXPECT_EQ(reading.answer.ttl, seconds(60));
  EXPECT_FALSE(reading.alias);
}

TEST(DnsAnswerReaderTest, ReadsAaaa) {
  const auto question = Ask(RecordType::kAaaa, "host.example");
  Octets address{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  DnsMessage message(question);
  message.Answer("host.example", RecordType::kAaaa, 5, address);
  const auto reading = ReadDnsAnswer(question, message.octets());
  ASSERT_EQ(reading.answer.addresses.size(), 1U);
  EXPECT_EQ(reading.answer.addresses[0].ToString(), "2001:db8::7");
}

TEST(DnsAnswerReaderTest, ReadsSrvWithItsTtlAndRootTarget) {
  const auto question = Ask(RecordType::kSrv, "_sip._tcp.example");
  DnsMessage message(question);
  message.Answer("_sip._tcp.example", RecordType::kSrv, 77, Srv(10, 60, 5060, "a.example"))
      .Answer("_sip._tcp.example", RecordType::kSrv, 99, Srv(20, 0, 0, ""));
  const auto reading = ReadDnsAnswer(question, message.octets());
  ASSERT_EQ(reading.answer.srv.size(), 2U);
  EXPECT_EQ(reading.answer.srv[0], (dns::SrvRecord{10, 60, 5060, *DnsName::Parse("a.example")}));
  EXPECT_TRUE(reading.answer.srv[1].target.is_root());
  EXPECT_EQ(reading.answer.ttl, seconds(77));
}

TEST(DnsAnswerReaderTest, ReadsNaptrWithFlagsAndServiceInLowerCase) {
  const auto question = Ask(RecordType::kNaptr, "example");
  DnsMessage message(question);
  message.Answer("example", RecordType::kNaptr, 40, Naptr(50, 51, "S", "SIPS+D2T", "", "_sips._tcp.example"));
  const auto reading = ReadDnsAnswer(question, message.octets());
  ASSERT_EQ(reading.answer.naptr.size(), 1U);
  const auto& record = reading.answer.naptr[0];
  EXPECT_EQ(record.order, 50);
  EXPECT_EQ(record.preference, 51);
  EXPECT_EQ(record.flags, "s");
  EXPECT_EQ(record.service, "sips+d2t");
  EXPECT_EQ(record.regexp, "");
  EXPECT_EQ(record.replacement.ToString(), "_sips._tcp.example");
}

TEST(DnsAnswerReaderTest, FollowsAliasesInAnyOrderAndTakesTheLowestTtlOfTheWay) {
  DnsMessage message(kAskA);
  message.Answer("c.example", RecordType::kA, 300, Address(9))
      .Answer("b.example", kTypeCname, 20, Name("c.example"))
      .Answer("host.example", kTypeCname, 200, Name("b.example"));
  const auto reading = ReadDnsAnswer(kAskA, message.octets());
  ASSERT_EQ(reading.answer.addresses.size(), 1U);
  EXPECT_EQ(reading.answer.ttl, seconds(20));
}

TEST(DnsAnswerReaderTest, SaysWhichAliasToAskForWhereTheAnswerEndsThere) {
  DnsMessage message(kAskA);
  message.Answer("host.example", kTypeCname, 30, Name("elsewhere.example"));
  const auto reading = ReadDnsAnswer(kAskA, message.octets());
  ASSERT_TRUE(reading.alias);
  EXPECT_EQ(reading.alias->ToString(), "elsewhere.example");
  EXPECT_EQ(reading.answer.ttl, seconds(30));
}

TEST(DnsAnswerReaderTest, AliasWithSoaMeansTheNameBehindItHasNoRecords) {
  DnsMessage message(kAskA);
  message.Answer("host.example", kTypeCname, 30, Name("other.example")).Authority("example", kTypeSoa, 900, Soa(60));
  const auto reading = ReadDnsAnswer(kAskA, message.octets());
  EXPECT_FALSE(reading.alias);
  EXPECT_EQ(reading.answer.status, AnswerStatus::kNoRecords);
  EXPECT_EQ(reading.answer.ttl, seconds(30));
}

TEST(DnsAnswerReaderTest, AliasLoopIsServerFailure) {
  DnsMessage message(kAskA);
  message.Answer("host.example", kTypeCname, 30, Name("b.example"))
      .Answer("b.example", kTypeCname, 30, Name("host.example"));
  EXPECT_EQ(ReadDnsAnswer(kAskA, message.octets()).answer.status, AnswerStatus::kServerFailure);
}

TEST(DnsAnswerReaderTest, NegativeTtlIsTheLowerOfSoaTtlAndMinimum) {
  DnsMessage low_minimum(kAskA, kNxdomain);
  low_minimum.Authority("example", kTypeSoa, 900, Soa(60));
  const auto a = ReadDnsAnswer(kAskA, low_minimum.octets());
  EXPECT_EQ(a.answer.status, AnswerStatus::kNoSuchName);
  EXPECT_EQ(a.answer.ttl, seconds(60));

  DnsMessage low_ttl(kAskA);
  low_ttl.Authority("example", kTypeSoa, 15, Soa(3600));
  const auto b = ReadDnsAnswer(kAskA, low_ttl.octets());
  EXPECT_EQ(b.answer.status, AnswerStatus::kNoRecords);
  EXPECT_EQ(b.answer.ttl, seconds(15));
}

TEST(DnsAnswerReaderTest, NegativeAnswerWithoutSoaOfItsZoneIsNotToBeKept) {
  DnsMessage none(kAskA, kNxdomain);
  EXPECT_EQ(ReadDnsAnswer(kAskA, none.octets()).answer.ttl, seconds(0));
  DnsMessage foreign(kAskA, kNxdomain);
  foreign.Authority("elsewhere", kTypeSoa, 900, Soa(60));
  EXPECT_EQ(ReadDnsAnswer(kAskA, foreign.octets()).answer.ttl, seconds(0));
}

TEST(DnsAnswerReaderTest, ReferralFromAServerWithoutRecursionIsServerFailure) {
  DnsMessage referral(kAskA);
  referral.Authority("example", kTypeNs, 900, Name("ns.example"));
  Octets octets = referral.octets();
  EXPECT_EQ(ReadDnsAnswer(kAskA, octets).answer.status, AnswerStatus::kNoRecords);
  octets[3] = static_cast<std::uint8_t>(octets[3] & 0x7fU);  // RA off
  EXPECT_EQ(ReadDnsAnswer(kAskA, octets).answer.status, AnswerStatus::kServerFailure);
}

TEST(DnsAnswerReaderTest, OtherResponseCodesAreServerFailure) {
  for (const unsigned code : {1U, kServfail, 4U, kRefused, 9U}) {
    EXPECT_EQ(ReadDnsAnswer(kAskA, DnsMessage(kAskA, code).octets()).answer.status, AnswerStatus::kServerFailure)
        << code;
  }
}

TEST(DnsAnswerReaderTest, SkipsRecordsOfOtherOwnersTypesAndNames) {
  DnsMessage message(kAskA);
  message.Answer("poison.example", RecordType::kA, 300, Address(66))
      .Answer("host.example", 16, 300, Text("v=spf1"))
      .AnswerWithRawOwner(Name("sp ace.example"), 1, 300, Address(67))
      .Answer("host.example", RecordType::kA, 300, Address(1));
  const auto reading = ReadDnsAnswer(kAskA, message.octets());
  ASSERT_EQ(reading.answer.addresses.size(), 1U);
  EXPECT_EQ(reading.answer.addresses[0].ToString(), "192.0.2.1");
}

TEST(DnsAnswerReaderTest, DotInsideALabelIsNotASeparator) {
  DnsMessage message(kAskA);
  Octets tricky = Text("host.example");  // one label of 12 octets
  tricky.push_back(0);
  message.AnswerWithRawOwner(tricky, 1, 300, Address(66));
  EXPECT_EQ(ReadDnsAnswer(kAskA, message.octets()).answer.status, AnswerStatus::kNoRecords);
}

TEST(DnsAnswerReaderTest, TtlWithTopBitCountsAsZero) {
  DnsMessage message(kAskA);
  message.Answer("host.example", RecordType::kA, 0x80000001U, Address(1));
  EXPECT_EQ(ReadDnsAnswer(kAskA, message.octets()).answer.ttl, seconds(0));
}

TEST(DnsAnswerReaderTest, UnderstandsCompressedNames) {
  DnsMessage message(kAskA);
  message.AnswerWithRawOwner({0xc0, 12}, 1, 300, Address(1));
  EXPECT_EQ(ReadDnsAnswer(kAskA, message.octets()).answer.addresses.size(), 1U);
}

TEST(DnsAnswerReaderTest, CompressionLoopsAreMalformed) {
  const auto offset = static_cast<std::uint8_t>(DnsMessage(kAskA).octets().size());
  for (const Octets& owner : {Octets{0xc0, offset},                                 // to itself
                              Octets{0xc0, static_cast<std::uint8_t>(offset + 2)},  // forwards
                              Octets{1, 'a', 0xc0, offset}}) {                      // back to the label before it
    DnsMessage message(kAskA);
    message.AnswerWithRawOwner(owner, 1, 300, Address(1));
    EXPECT_EQ(ReadDnsAnswer(kAskA, message.octets()).answer.status, AnswerStatus::kMalformed);
  }
}

TEST(DnsAnswerReaderTest, WrongDataLengthIsMalformed) {
  for (const Octets& data : {Octets{192, 0, 2}, Octets{192, 0, 2, 1, 0}, Octets{}}) {
    DnsMessage message(kAskA);
    message.Answer("host.example", RecordType::kA, 300, data);
    EXPECT_EQ(ReadDnsAnswer(kAskA, message.octets()).answer.status, AnswerStatus::kMalformed) << data.size();
  }
}

TEST(DnsAnswerReaderTest, CountsBeyondTheMessageAreMalformed) {
  Octets octets = DnsMessage(kAskA).octets();
  octets[6] = 0xff;
  octets[7] = 0xff;
  EXPECT_EQ(ReadDnsAnswer(kAskA, octets).answer.status, AnswerStatus::kMalformed);
}

TEST(DnsAnswerReaderTest, AnotherQuestionOrNoneIsMalformed) {
  DnsMessage message(Ask(RecordType::kA, "other.example"));
  EXPECT_EQ(ReadDnsAnswer(kAskA, message.octets()).answer.status, AnswerStatus::kMalformed);
  DnsMessage other_type(Ask(RecordType::kAaaa, "host.example"));
  EXPECT_EQ(ReadDnsAnswer(kAskA, other_type.octets()).answer.status, AnswerStatus::kMalformed);
}

TEST(DnsAnswerReaderTest, EveryTruncationOfAValidAnswerIsMalformed) {
  const auto question = Ask(RecordType::kNaptr, "example");
  DnsMessage message(question);
  message.Answer("example", kTypeCname, 9, Name("alias.example"))
      .Answer("alias.example", RecordType::kNaptr, 40, Naptr(50, 50, "s", "sip+d2t", "", "_sip._tcp.example"));
  const Octets& whole = message.octets();
  ASSERT_EQ(ReadDnsAnswer(question, whole).answer.status, AnswerStatus::kRecords);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto reading = ReadDnsAnswer(question, std::span(whole).first(length));
    EXPECT_EQ(reading.answer.status, AnswerStatus::kMalformed) << length;
  }
}

TEST(DnsAnswerReaderTest, EverySingleOctetChangeIsSurvived) {
  const auto question = Ask(RecordType::kSrv, "_sip._tcp.example");
  DnsMessage message(question);
  message.Answer("_sip._tcp.example", RecordType::kSrv, 77, Srv(10, 60, 5060, "a.example"));
  for (std::size_t i = 0; i < message.octets().size(); ++i) {
    for (unsigned value = 0; value < 256; ++value) {
      Octets octets = message.octets();
      octets[i] = static_cast<std::uint8_t>(value);
      const auto reading = ReadDnsAnswer(question, octets);
      EXPECT_LE(reading.answer.srv.size(), 1U);
    }
  }
}

TEST(DnsAnswerReaderTest, ChainsOfBarePointersCostBoundedWork) {
  // 16 KiB of pointers, each to the one before, then as many records as fit whose owner is the last pointer.
  Octets octets = DnsMessage(kAskA).octets();
  octets[6] = 0x0f;
  Append(octets, Name("host.example"));
  Append(octets, U16(16));
  Append(octets, U16(1));
  Append(octets, U32(1));
  constexpr std::size_t kPointers = 8000;
  Append(octets, U16(kPointers * 2));
  for (std::size_t i = 0; i < kPointers; ++i) Append(octets, U16(0xc000U | static_cast<unsigned>(octets.size() - 2)));
  const unsigned last = static_cast<unsigned>(octets.size() - 2);
  while (octets.size() < 65000) {
    Append(octets, U16(0xc000U | last));
    Append(octets, U16(1));
    Append(octets, U16(1));
    Append(octets, U32(1));
    Append(octets, U16(4));
    Append(octets, Address(1));
  }
  EXPECT_EQ(ReadDnsAnswer(kAskA, octets).answer.status, AnswerStatus::kMalformed);
}

}  // namespace
}  // namespace flowbroker::net
