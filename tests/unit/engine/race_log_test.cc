#include "broker/engine/race_log.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "broker/engine/acquisition.h"

namespace flowbroker::engine {
namespace {

RaceRecord Race(const std::string& host, const std::string& tenant = {}) {
  return {.number = 0,
          .host = host,
          .owner = {.tenant = tenant},
          .flow = Unexpected({FailureReason::kTimedOut, ""}),
          .ended = {},
          .trace = {},
          .candidates = {}};
}

std::vector<std::uint64_t> Numbers(const RaceLog& log) {
  std::vector<std::uint64_t> numbers;
  for (const RaceLog::Entry& race : log.Newest()) numbers.push_back(race->number);
  return numbers;
}

TEST(RaceLogTest, KeepsTheLastOnesNewestFirst) {
  RaceLog log(3, 50);
  for (int i = 0; i < 5; ++i) log.Append(Race("example.org"));
  EXPECT_EQ(Numbers(log), (std::vector<std::uint64_t>{5, 4, 3}));
}

TEST(RaceLogTest, KeepsNothingWhereNothingIsWanted) {
  RaceLog log(0, 50);
  EXPECT_FALSE(log.enabled());
  log.Append(Race("example.org"));
  EXPECT_TRUE(log.Newest().empty());
}

TEST(RaceLogTest, ATenantDoesNotDriveOutTheRacesOfAnother) {
  RaceLog log(4, 50);
  log.Append(Race("quiet.org", "quiet"));
  for (int i = 0; i < 10; ++i) log.Append(Race("noisy.org", "noisy"));
  EXPECT_EQ(Numbers(log), (std::vector<std::uint64_t>{11, 10, 9, 1}));
}

TEST(RaceLogTest, ARaceThatIsBeingReadOutlivesItsPlace) {
  RaceLog log(1, 50);
  log.Append(Race("first.org"));
  const auto read = log.Newest();
  log.Append(Race("second.org"));
  EXPECT_EQ(read.front()->host, "first.org");
  EXPECT_EQ(log.Newest().front()->host, "second.org");
}

TEST(RaceLogTest, ThreadsShareTheNumbersWithoutAGap) {
  RaceLog log(4000, 50);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int n = 0; n < 1000; ++n) {
        log.Append(Race("example.org"));
        if (n % 100 == 0) log.Newest();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto numbers = Numbers(log);
  ASSERT_EQ(numbers.size(), 4000U);
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], 4000 - i);
}

class RaceRecordTest : public ::testing::Test {
 protected:
  static Acquisition Asked(const char* uri) {
    AcquireRequest request{.destination = {.to = *sip::SipUri::Parse(uri)}, .owner = {.client_group = "edge"}};
    return {.number = 1,
            .key = "",
            .request_key = "",
            .request = request,
            .tls_identity = "",
            .started = TimePoint(std::chrono::seconds(1))};
  }
  static RaceRecord Recorded(const Acquisition& acquisition) {
    return RecordOf(acquisition, Unexpected({FailureReason::kTimedOut, "silent"}), TimePoint(std::chrono::seconds(3)));
  }
  static JudgedTarget Located(const char* host, const char* address) {
    const Target target{{*IpAddress::Parse(address), 5060}, Transport::kTcp};
    JudgedTarget located{.located = {target, host, {}, 0, 0, 0, {}, {}}, .path = {{1}, target}, .verdict = {}};
    return located;
  }
};

TEST_F(RaceRecordTest, HoldsTheHostOfTheUriAndNothingElseOfIt) {
  const RaceRecord race = Recorded(Asked("sip:secret@Example.ORG;x=secret?Subject=secret"));
  EXPECT_EQ(race.host, "example.org");
  EXPECT_EQ(race.owner.client_group, "edge");
  EXPECT_EQ(race.trace.start, TimePoint(std::chrono::seconds(1)));
  EXPECT_EQ(race.ended, TimePoint(std::chrono::seconds(3)));
}

TEST_F(RaceRecordTest, TellsTheHostOfAViaInTheFormOfAUri) {
  Acquisition acquisition = Asked("sip:example.org");
  acquisition.request.destination.to = location::ResponseDestination{Transport::kTcp, "[2001:DB8::1]", {}, {}, {}};
  EXPECT_EQ(Recorded(acquisition).host, "2001:db8::1");
}

TEST_F(RaceRecordTest, ConcernsItsHostAndThoseItWasLedTo) {
  Acquisition acquisition = Asked("sip:example.org");
  acquisition.judged = {Located("a.example.org", "192.0.2.1"), Located("b.example.org", "2001:db8::1")};
  const RaceRecord race = Recorded(acquisition);
  for (const char* name : {"example.org", "a.example.org", "b.example.org"}) {
    EXPECT_TRUE(race.Concerns(*dns::DnsName::Parse(name))) << name;
  }
  EXPECT_TRUE(race.Concerns(*IpAddress::Parse("2001:db8::1")));
  EXPECT_FALSE(race.Concerns(*IpAddress::Parse("192.0.2.2")));
  EXPECT_FALSE(race.Concerns(*dns::DnsName::Parse("c.example.org")));
  EXPECT_FALSE(race.IsFor(*dns::DnsName::Parse("a.example.org"))) << "nobody asked for that one";
}

TEST_F(RaceRecordTest, BoundsItsCandidates) {
  Acquisition acquisition = Asked("sip:example.org");
  acquisition.judged.assign(1000, Located("a.example.org", "192.0.2.1"));
  EXPECT_EQ(Recorded(acquisition).candidates.size(), RaceRecord::kMaxCandidates);
}

}  // namespace
}  // namespace flowbroker::engine
