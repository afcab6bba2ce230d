#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/location/locate.h"

namespace flowbroker::location {
namespace {

using dns::RecordType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Targets emerge as answers come, in whatever order (RFC 8305 s.3 relies on it).

class ServerLocatorProgressTest : public ::testing::Test {
 protected:
  ServerLocator& Begin(std::string_view zone, const sip::SipUri& uri) {
    location_ = Location(zone);
    location_.request.destination = uri;
    locator_.emplace(location_.request, location_.options, location_.sources, location_.random);
    locator_->Start(location_.now);
    return *locator_;
  }

  void Answer(const char* name, RecordType type) {
    const dns::Question question{testing::FakeDnsZone::Name(name), type};
    locator_->OnAnswer(question, location_.zone.Answer(question), AnswerOrigin::kServer, location_.now);
  }

  Location location_{""};
  std::optional<ServerLocator> locator_;
};

constexpr std::string_view kOneHost = R"(
  a A    192.0.2.1
  a AAAA 2001:db8::1
)";

TEST_F(ServerLocatorProgressTest, WaitsForAaaaWhereOnlyAIsKnown) {
  const ServerLocator& locator = Begin(kOneHost, Uri("a", 5060));
  EXPECT_TRUE(locator.better_may_come());
  EXPECT_FALSE(locator.done());
  Answer("a", RecordType::kA);
  EXPECT_THAT(Names(locator), ElementsAre("UDP 192.0.2.1:5060"));
  EXPECT_TRUE(locator.better_may_come());
  Answer("a", RecordType::kAaaa);
  EXPECT_THAT(Names(locator), ElementsAre("UDP [2001:db8::1]:5060", "UDP 192.0.2.1:5060"));
  EXPECT_FALSE(locator.better_may_come());
  EXPECT_TRUE(locator.done());
}

TEST_F(ServerLocatorProgressTest, DoesNotWaitForAWhereAaaaIsKnown) {
  const ServerLocator& locator = Begin(kOneHost, Uri("a", 5060));
  Answer("a", RecordType::kAaaa);
  EXPECT_FALSE(locator.better_may_come());
  EXPECT_FALSE(locator.done());
}

TEST_F(ServerLocatorProgressTest, WaitsForAWhereIpv6HasNoSource) {
  location_.sources.SetIpv6(std::nullopt);
  const testing::FakeSourceAddresses sources = location_.sources;
  location_ = Location(kOneHost);
  location_.sources = sources;
  location_.request.destination = Uri("a", 5060);
  locator_.emplace(location_.request, location_.options, location_.sources, location_.random);
  locator_->Start(location_.now);
  Answer("a", RecordType::kAaaa);
  EXPECT_TRUE(locator_->better_may_come());
}

TEST_F(ServerLocatorProgressTest, WaitsForBetterHostsButNotForWorseOnes) {
  constexpr std::string_view kTwoHosts = R"(
    _sip._tcp.d SRV 1 1 5060 a
    _sip._tcp.d SRV 2 1 5060 b
    a A    192.0.2.1
    b AAAA 2001:db8::2
  )";
  const ServerLocator& locator = Begin(kTwoHosts, Uri("d", std::nullopt, Transport::kTcp));
  Answer("_sip._tcp.d", RecordType::kSrv);
  Answer("b", RecordType::kAaaa);
  EXPECT_THAT(Names(locator), ElementsAre("TCP [2001:db8::2]:5060"));
  EXPECT_TRUE(locator.better_may_come()) << "a ranks before b";
  Answer("a", RecordType::kA);
  EXPECT_THAT(Names(locator), ElementsAre("TCP 192.0.2.1:5060", "TCP [2001:db8::2]:5060"));
  EXPECT_TRUE(locator.better_may_come()) << "AAAA of a";
  Answer("a", RecordType::kAaaa);
  EXPECT_FALSE(locator.better_may_come()) << "A of b is outstanding, but b is not the best";
  EXPECT_FALSE(locator.done());
  Answer("b", RecordType::kA);
  EXPECT_TRUE(locator.done());
}

TEST_F(ServerLocatorProgressTest, AHostThatTurnsOutEmptyIsNotWaitedFor) {
  const ServerLocator& locator = Begin(R"(
    _sip._tcp.d SRV 1 1 5060 nowhere
    _sip._tcp.d SRV 2 1 5060 b
    b AAAA 2001:db8::2
  )",
                                       Uri("d", std::nullopt, Transport::kTcp));
  Answer("_sip._tcp.d", RecordType::kSrv);
  Answer("b", RecordType::kAaaa);
  Answer("nowhere", RecordType::kA);
  EXPECT_TRUE(locator.better_may_come());
  Answer("nowhere", RecordType::kAaaa);
  EXPECT_FALSE(locator.better_may_come());
}

TEST_F(ServerLocatorProgressTest, WaitsForSrvOfPreferredTransports) {
  const ServerLocator& locator = Begin(R"(
    _sip._tcp.d  SRV 1 1 5060 a
    _sips._tcp.d SRV 1 1 5061 a
    a AAAA 2001:db8::1
  )",
                                       Uri("d"));
  Answer("d", RecordType::kNaptr);
  Answer("_sip._tcp.d", RecordType::kSrv);
  Answer("a", RecordType::kAaaa);
  EXPECT_THAT(Names(locator), ElementsAre("TCP [2001:db8::1]:5060"));
  EXPECT_TRUE(locator.better_may_come());
  Answer("_sips._tcp.d", RecordType::kSrv);
  EXPECT_THAT(Names(locator), ElementsAre("TLS [2001:db8::1]:5061", "TCP [2001:db8::1]:5060"))
      << "the addresses of a are known already";
  EXPECT_FALSE(locator.better_may_come());
}

TEST_F(ServerLocatorProgressTest, ATargetOfTwoHostsStandsOnceAtTheBetterPlace) {
  const ServerLocator& locator = Begin(R"(
    _sip._tcp.d SRV 1 1 5060 a
    _sip._tcp.d SRV 2 1 5060 b
    a A 192.0.2.1
    b A 192.0.2.2
    b A 192.0.2.1
  )",
                                       Uri("d", std::nullopt, Transport::kTcp));
  Answer("_sip._tcp.d", RecordType::kSrv);
  Answer("b", RecordType::kA);
  EXPECT_THAT(Names(locator), ElementsAre("TCP 192.0.2.2:5060", "TCP 192.0.2.1:5060"));
  Answer("a", RecordType::kA);
  EXPECT_THAT(Names(locator), ElementsAre("TCP 192.0.2.1:5060", "TCP 192.0.2.2:5060"));
  EXPECT_EQ(locator.targets()[0].host, "a");
}

TEST_F(ServerLocatorProgressTest, IgnoresAnswersNobodyAskedForAndSecondAnswers) {
  const ServerLocator& locator = Begin(kOneHost, Uri("a", 5060));
  Answer("b", RecordType::kA);
  Answer("a", RecordType::kSrv);
  EXPECT_THAT(Names(locator), IsEmpty());
  Answer("a", RecordType::kA);
  location_.zone.Add("a A 192.0.2.99");
  Answer("a", RecordType::kA);
  EXPECT_THAT(Names(locator), ElementsAre("UDP 192.0.2.1:5060"));
  Answer("a", RecordType::kAaaa);
  EXPECT_TRUE(locator.done());
}

TEST_F(ServerLocatorProgressTest, AddressesOfTheWrongFamilyAreIgnored) {
  const ServerLocator& locator = Begin(kOneHost, Uri("a", 5060));
  dns::RecordSet answer{dns::AnswerStatus::kRecords};
  answer.addresses = {*IpAddress::Parse("2001:db8::7"), *IpAddress::Parse("192.0.2.7"), *IpAddress::Parse("192.0.2.7")};
  locator_->OnAnswer({testing::FakeDnsZone::Name("a"), RecordType::kA}, answer, AnswerOrigin::kServer, location_.now);
  EXPECT_THAT(Names(locator), ElementsAre("UDP 192.0.2.7:5060"));
}

TEST_F(ServerLocatorProgressTest, TheLongestTtlDoesNotOverflow) {
  const ServerLocator& locator = Begin(kOneHost, Uri("a", 5060));
  const dns::RecordSet answer{dns::AnswerStatus::kNoRecords, Duration::max()};
  locator_->OnAnswer({testing::FakeDnsZone::Name("a"), RecordType::kA}, answer, AnswerOrigin::kServer, location_.now);
  EXPECT_EQ(locator.valid_until(), kNever);
}

TEST_F(ServerLocatorProgressTest, CanBeMovedWhileQuestionsAreOutstanding) {
  Begin(kOneHost, Uri("a", 5060));
  ServerLocator moved = std::move(*locator_);
  locator_.emplace(std::move(moved));
  Answer("a", RecordType::kA);
  EXPECT_THAT(Names(*locator_), ElementsAre("UDP 192.0.2.1:5060"));
}

}  // namespace
}  // namespace flowbroker::location
