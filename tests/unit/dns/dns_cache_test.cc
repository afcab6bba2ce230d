#include "broker/dns/dns_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace flowbroker::dns {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

Question Ask(const std::string& name, RecordType type = RecordType::kA) {
  return {*DnsName::Parse(name), type};
}

RecordSet Address(Duration ttl, const char* address = "192.0.2.1") {
  RecordSet records{AnswerStatus::kRecords, ttl};
  records.addresses = {*IpAddress::Parse(address)};
  return records;
}

TEST(DnsCacheTest, KeepsAnAnswerForItsTtl) {
  DnsCache cache({});
  cache.Store(Ask("a"), Address(300s), kStart);
  const auto found = cache.Find(Ask("a"), kStart + 100s);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->records.addresses.at(0).ToString(), "192.0.2.1");
  EXPECT_EQ(found->records.ttl, Duration(200s)) << "the remaining TTL";
  EXPECT_EQ(found->valid_until, kStart + 300s);
  EXPECT_TRUE(cache.Find(Ask("a"), kStart + 300s - 1ns));
  EXPECT_FALSE(cache.Find(Ask("a"), kStart + 300s));
}

TEST(DnsCacheTest, TellsTypesAndNamesApart) {
  DnsCache cache({});
  cache.Store(Ask("a"), Address(300s), kStart);
  EXPECT_FALSE(cache.Find(Ask("a", RecordType::kAaaa), kStart));
  EXPECT_FALSE(cache.Find(Ask("b"), kStart));
}

TEST(DnsCacheTest, CapsTtls) {
  DnsCache cache({.max_ttl = 100s, .max_negative_ttl = 10s});
  cache.Store(Ask("a"), Address(1000s), kStart);
  cache.Store(Ask("none"), {AnswerStatus::kNoSuchName, 1000s}, kStart);
  cache.Store(Ask("nodata"), {AnswerStatus::kNoRecords, 1000s}, kStart);
  EXPECT_EQ(cache.Find(Ask("a"), kStart)->records.ttl, Duration(100s));
  EXPECT_EQ(cache.Find(Ask("none"), kStart)->records.ttl, Duration(10s));
  EXPECT_EQ(cache.Find(Ask("nodata"), kStart)->records.status, AnswerStatus::kNoRecords);
  EXPECT_FALSE(cache.Find(Ask("nodata"), kStart + 10s));
}

TEST(DnsCacheTest, StoresNeitherTroubleNorTtlZero) {
  DnsCache cache({});
  cache.Store(Ask("a"), Address(0s), kStart);
  for (const AnswerStatus status : {AnswerStatus::kTimedOut, AnswerStatus::kServerFailure, AnswerStatus::kMalformed}) {
    cache.Store(Ask("b"), {status, 300s}, kStart);
  }
  EXPECT_EQ(cache.size(), 0U);
}

TEST(DnsCacheTest, ServesStaleAnswersOnlyWhenAskedForThem) {
  DnsCache cache({.max_stale = 50s});
  cache.Store(Ask("a"), Address(10s), kStart);
  EXPECT_FALSE(cache.FindStale(Ask("a"), kStart + 5s)) << "still fresh";
  EXPECT_FALSE(cache.Find(Ask("a"), kStart + 20s));
  const auto stale = cache.FindStale(Ask("a"), kStart + 20s);
  ASSERT_TRUE(stale);
  EXPECT_EQ(stale->records.ttl, Duration::zero());
  EXPECT_EQ(stale->valid_until, kStart + 10s);
  EXPECT_FALSE(cache.FindStale(Ask("b"), kStart));
}

TEST(DnsCacheTest, TroubleLeavesTheStaleAnswerAlone) {
  DnsCache cache({});
  cache.Store(Ask("a"), Address(10s), kStart);
  cache.Store(Ask("a"), {AnswerStatus::kTimedOut}, kStart + 20s);
  EXPECT_TRUE(cache.FindStale(Ask("a"), kStart + 20s));
}

TEST(DnsCacheTest, ForgetsWhatIsTooStale) {
  DnsCache cache({.max_stale = 50s});
  cache.Store(Ask("a"), Address(10s), kStart);
  cache.Store(Ask("b"), Address(10s), kStart);
  EXPECT_FALSE(cache.FindStale(Ask("a"), kStart + 60s));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_FALSE(cache.Find(Ask("b"), kStart + 60s));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(DnsCacheTest, NeverServesStaleNegativeAnswers) {
  DnsCache cache({});
  cache.Store(Ask("a"), {AnswerStatus::kNoSuchName, 10s}, kStart);
  EXPECT_FALSE(cache.FindStale(Ask("a"), kStart + 11s));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(DnsCacheTest, ZeroSwitchesStaleAnswersOff) {
  DnsCache cache({.max_stale = 0s});
  cache.Store(Ask("a"), Address(10s), kStart);
  EXPECT_FALSE(cache.FindStale(Ask("a"), kStart + 10s));
}

TEST(DnsCacheTest, ANewAnswerReplacesTheOldOne) {
  DnsCache cache({});
  cache.Store(Ask("a"), Address(10s), kStart);
  cache.Store(Ask("a"), Address(10s, "192.0.2.2"), kStart + 5s);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.Find(Ask("a"), kStart + 12s)->records.addresses.at(0).ToString(), "192.0.2.2");
  cache.Store(Ask("a"), {AnswerStatus::kNoSuchName, 10s}, kStart + 12s);
  EXPECT_EQ(cache.Find(Ask("a"), kStart + 12s)->records.status, AnswerStatus::kNoSuchName);
}

TEST(DnsCacheTest, DropsTheLeastRecentlyUsedWhenFull) {
  DnsCache cache({.max_entries = 2});
  cache.Store(Ask("a"), Address(10s), kStart);
  cache.Store(Ask("b"), Address(10s), kStart);
  EXPECT_TRUE(cache.Find(Ask("a"), kStart));
  cache.Store(Ask("c"), Address(10s), kStart);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_TRUE(cache.Find(Ask("a"), kStart));
  EXPECT_FALSE(cache.Find(Ask("b"), kStart));
  EXPECT_TRUE(cache.Find(Ask("c"), kStart));
}

TEST(DnsCacheTest, WithoutRoomKeepsNothing) {
  DnsCache cache({.max_entries = 0});
  cache.Store(Ask("a"), Address(10s), kStart);
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace flowbroker::dns
