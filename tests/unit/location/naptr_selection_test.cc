#include "broker/location/naptr_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_dns_zone.h"

namespace flowbroker::location {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "TCP _sip._tcp.example.org" for each choice among the NAPTR records `lines` ("10 50 s SIP+D2T "" name").
std::vector<std::string> Select(const std::vector<std::string>& lines, TransportSet usable = TransportSet::All()) {
  testing::FakeDnsZone zone;
  for (const std::string& line : lines) zone.Add("example.org NAPTR " + line);
  const auto answer = zone.Answer({testing::FakeDnsZone::Name("example.org"), dns::RecordType::kNaptr});
  std::vector<std::string> chosen;
  for (const NaptrChoice& choice : SelectNaptr(answer.naptr, usable)) {
    const std::string_view transport = choice.transport ? ToString(*choice.transport) : "any";
    chosen.push_back(std::string(transport) + " " + choice.name.ToString());
  }
  return chosen;
}

TEST(NaptrSelectionTest, SortsByPreferenceWithinTheLowestOrder) {
  EXPECT_THAT(Select({R"(20 1 s SIP+D2U "" u)", R"(10 9 s SIP+D2T "" t2)", R"(10 5 s SIPS+D2T "" s)",
                      R"(10 9 s SIP+D2T "" t1)"}),
              ElementsAre("TLS s", "TCP t2", "TCP t1"));
}

TEST(NaptrSelectionTest, DiscardsUnsupportedServicesBeforeItLooksAtTheOrder) {
  EXPECT_THAT(Select({R"(1 1 s SIP+D2S "" sctp)", R"(2 1 s SIPS+D2S "" tls-sctp)", R"(3 1 s SIP+D2W "" ws)",
                      R"(4 1 u E2U+sip "" enum)", R"(5 1 s SIP+D2U "" u)", R"(6 1 s SIP+D2T "" t)"}),
              ElementsAre("UDP u"));
}

TEST(NaptrSelectionTest, SipsTakesSipsServicesOnly) {
  const std::vector<std::string> records{R"(1 1 s SIP+D2T "" t)", R"(2 1 s SIPS+D2T "" s)"};
  EXPECT_THAT(Select(records, TransportSet::Of(Transport::kTls)), ElementsAre("TLS s"));
  EXPECT_THAT(Select(records, TransportSet::Of(Transport::kUdp)), IsEmpty());
}

TEST(NaptrSelectionTest, KnowsWhatTheFlagsMean) {
  testing::FakeDnsZone zone(R"(
    example.org NAPTR 1 1 s  SIP+D2T "" srv
    example.org NAPTR 1 2 a  SIP+D2T "" host
    example.org NAPTR 1 3 "" SIP+D2T "" next
    example.org NAPTR 1 4 "" ""      "" anything
    example.org NAPTR 1 5 u  SIP+D2T "" uri
    example.org NAPTR 1 6 p  SIP+D2T "" protocol
    example.org NAPTR 1 7 sa SIP+D2T "" both
    example.org NAPTR 1 8 s  ""      "" without
  )");
  const auto answer = zone.Answer({testing::FakeDnsZone::Name("example.org"), dns::RecordType::kNaptr});
  const auto chosen = SelectNaptr(answer.naptr, TransportSet::All());
  ASSERT_EQ(chosen.size(), 4U);
  EXPECT_EQ(chosen[0].next, NaptrNext::kSrv);
  EXPECT_EQ(chosen[0].reason, "NAPTR SIP+D2T 1/1");
  EXPECT_EQ(chosen[1].next, NaptrNext::kAddresses);
  EXPECT_EQ(chosen[2].next, NaptrNext::kNaptr);
  EXPECT_EQ(chosen[2].transport, Transport::kTcp);
  EXPECT_EQ(chosen[3].next, NaptrNext::kNaptr);
  EXPECT_FALSE(chosen[3].transport);
  EXPECT_EQ(chosen[3].reason, "NAPTR without service 1/4");
}

TEST(NaptrSelectionTest, IgnoresRecordsWithBothOrNeitherOfRegexpAndReplacement) {
  EXPECT_THAT(Select({R"(1 1 s SIP+D2T !.*!a! b)", R"(2 1 s SIP+D2T "" .)", R"(3 1 s SIP+D2T !.*!c! .)"}),
              ElementsAre("TCP c"));
}

TEST(NaptrSelectionTest, EvaluatesSubstitutionOfTheWholeName) {
  for (const char* regexp : {"!.*!_sip._tcp.example.org!", "!^.*$!_sip._tcp.example.org!",
                             "/^.*/_sip._tcp.example.org/i", "!^(.*)$!_SIP._tcp.example.org.!"}) {
    EXPECT_EQ(SubstituteWholeName(regexp), dns::DnsName::Parse("_sip._tcp.example.org")) << regexp;
  }
}

TEST(NaptrSelectionTest, LeavesOtherSubstitutionsAlone) {
  for (const char* regexp :
       {"", "!", "!!", "!!!", "!.*!", "!.*!a", "!.*!!", R"(!^(.*)$!\1.example.org!)", "!^example!a!", "!.*!a b!",
        "!.*!a!x", "!.*!a!ii", "1.*1a1", "i.*iai", R"(\.*\a\)", "!(((((((((.*)*)*)*)*)*)*)*)*!a!", "!.*!a!b!"}) {
    EXPECT_FALSE(SubstituteWholeName(regexp)) << regexp;
  }
}

}  // namespace
}  // namespace flowbroker::location
