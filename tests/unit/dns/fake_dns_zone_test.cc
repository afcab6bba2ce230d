#include "tests/support/fake_dns_zone.h"

#include <gtest/gtest.h>

namespace flowbroker::testing {
namespace {

using dns::AnswerStatus;
using dns::RecordType;

dns::RecordSet Ask(const FakeDnsZone& zone, const std::string& name, RecordType type) {
  return zone.Answer({FakeDnsZone::Name(name), type});
}

TEST(FakeDnsZoneTest, AnswersAsAResolverWould) {
  FakeDnsZone zone(R"(
    example.org           NAPTR 10 50 S SIP+D2T "" _sip._tcp.example.org
    _sip._tcp.example.org 60 SRV 1 2 3 a.example.org
    a.example.org         A 192.0.2.1
    a.example.org         A 192.0.2.2
    b.example.org         CNAME a.example.org
  )");
  EXPECT_EQ(Ask(zone, "b.example.org", RecordType::kA).addresses.size(), 2U);
  EXPECT_EQ(Ask(zone, "example.org", RecordType::kNaptr).naptr.at(0).service, "sip+d2t");
  EXPECT_EQ(Ask(zone, "_sip._tcp.example.org", RecordType::kSrv).ttl, Duration(std::chrono::seconds(60)));
  EXPECT_EQ(Ask(zone, "b.example.org", RecordType::kAaaa).status, AnswerStatus::kNoRecords);
  EXPECT_EQ(Ask(zone, "_tcp.example.org", RecordType::kA).status, AnswerStatus::kNoRecords) << "empty non-terminal";
  EXPECT_EQ(Ask(zone, "c.example.org", RecordType::kA).status, AnswerStatus::kNoSuchName);
}

TEST(FakeDnsZoneTest, MeetsTroubleWhereToldSo) {
  FakeDnsZone zone("a A 192.0.2.1");
  zone.Break("a", RecordType::kA, AnswerStatus::kTimedOut);
  EXPECT_EQ(Ask(zone, "a", RecordType::kA).status, AnswerStatus::kTimedOut);
  zone.Mend();
  EXPECT_EQ(Ask(zone, "a", RecordType::kA).status, AnswerStatus::kRecords);
}

TEST(FakeDnsZoneTest, RefusesTypingErrors) {
  EXPECT_THROW(FakeDnsZone("a B 192.0.2.1"), std::invalid_argument);
  EXPECT_THROW(FakeDnsZone("a A 192.0.2"), std::invalid_argument);
  EXPECT_THROW(FakeDnsZone("a SRV 1 2 x b"), std::invalid_argument);
}

}  // namespace
}  // namespace flowbroker::testing
