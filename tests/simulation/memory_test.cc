// What the engine makes of its memory: the second caller never pays for what the first one learned, and nothing sticks.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using engine::FlowSource;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kIpv6 = "2001:db8::10";
constexpr const char* kIpv4 = "192.0.2.10";
constexpr TargetScript kGood{};
constexpr TargetScript kSilent{.kind = TargetScript::Kind::kSilent};
constexpr TargetScript kRefuses{.kind = TargetScript::Kind::kRefuses};
constexpr TargetScript kStalls{.kind = TargetScript::Kind::kStallsTls};
constexpr TargetScript kSlow{.rtt = milliseconds(600)};

class MemoryTest : public ::testing::Test {
 protected:
  MemoryTest() {
    shard_.Host("example.org", {kIpv6, kIpv4});
    for (const char* other : {kIpv4, "192.0.2.20", "192.0.2.30"}) Script(other, kGood);
  }

  void Script(const char* address, TargetScript script) {
    const IpAddress ip = *IpAddress::Parse(address);
    shard_.Script({{ip, 5060}, Transport::kTcp}, script);
    shard_.Script({{ip, 5060}, Transport::kUdp}, script);
    shard_.Script({{ip, 5061}, Transport::kTls}, script);
  }

  struct Taken {
    AddressFamily family;
    Duration took;
    FlowSource source;
  };
  /// A flow for this request alone, given back at once: no pool helps.
  Taken Take(const std::string& uri) {
    engine::AcquireRequest request = ScriptedShard::RequestFor(uri);
    request.exclusive = true;
    request.deadline = shard_.now() + seconds(32);
    const TimePoint asked = shard_.now();
    const auto result = shard_.Acquire(std::move(request));
    while (!result->has_value()) shard_.RunFor(milliseconds(1));
    EXPECT_TRUE((*result)->flow) << (*result)->flow.error().ToString();
    const auto& flow = (*result)->flow.value();
    const Taken taken{flow.remote.family(), shard_.now() - asked, flow.source};
    EXPECT_TRUE(shard_.core().flows().Release(flow.id, {}, shard_.now()));
    shard_.RunFor({});
    return taken;
  }

  static constexpr const char* kTcpUri = "sip:example.org:5060;transport=tcp";
  static constexpr const char* kTlsUri = "sips:example.org:5061";
  static constexpr const char* kUdpUri = "sip:example.org:5060;transport=udp";

  ScriptedShard shard_;
};

TEST_F(MemoryTest, TheSecondRequestDoesNotWaitForASilentFamily) {
  Script(kIpv6, kSilent);
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(1 + 200 + 20));
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(20));
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(20));
}

TEST_F(MemoryTest, TheSecondRequestDoesNotWaitForARefusal) {
  Script(kIpv6, kRefuses);
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(1 + 20 + 20));
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(20));
}

TEST_F(MemoryTest, TheSecondRequestDoesNotWaitForAStalledHandshake) {
  Script(kIpv6, kStalls);
  EXPECT_GT(Take(kTlsUri).took, milliseconds(200));
  EXPECT_EQ(Take(kTlsUri).took, milliseconds(40));
}

TEST_F(MemoryTest, TheSecondRequestDoesNotWaitForASilentUdpPath) {
  Script(kIpv6, kSilent);
  EXPECT_EQ(Take(kUdpUri).took, milliseconds(1 + 200 + 20));
  EXPECT_EQ(Take(kUdpUri).took, milliseconds(20));
}

TEST_F(MemoryTest, ASlowFamilyStaysBehindAlsoWhenItIsKnownToAnswer) {
  Script(kIpv6, kSlow);
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(1 + 200 + 20));
  const TimePoint end = shard_.now() + seconds(30);  // re-probes succeed, after 600 ms
  while (shard_.now() < end) {
    EXPECT_EQ(Take(kTcpUri).took, milliseconds(20));
    shard_.RunFor(milliseconds(100));
  }
}

TEST_F(MemoryTest, ASilentAddressSpeaksForItsFamilyInThatHost) {  // S2
  shard_.Host("example.org", {kIpv6, "2001:db8::11", kIpv4});
  Script(kIpv6, kSilent);
  Script("2001:db8::11", kSilent);
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(1 + 200 + 20));
  EXPECT_EQ(Take(kTcpUri).took, milliseconds(20));
}

TEST_F(MemoryTest, OnlyTheDeadAddressOfAFamilyIsAvoidedOnceTheOtherHasShownLife) {
  shard_.Host("example.org", {kIpv6, "2001:db8::11", kIpv4});
  Script(kIpv6, kSilent);
  Script("2001:db8::11", kGood);
  EXPECT_EQ(Take(kTcpUri).family, AddressFamily::kIpv4);
  shard_.RunFor(seconds(2));
  Take(kTcpUri);  // the re-probe of the held address asks its neighbour as well
  shard_.RunFor(seconds(1));
  const Taken taken = Take(kTcpUri);
  EXPECT_EQ(taken.family, AddressFamily::kIpv6);
  EXPECT_EQ(taken.took, milliseconds(20));
}

TEST_F(MemoryTest, APrefixIsAvoidedForNewHostsAfterTwoOfItsAddresses) {  // H4
  shard_.Host("a.example.org", {"2001:db8:1::1", "192.0.2.10"});
  shard_.Host("b.example.org", {"2001:db8:1::2", "192.0.2.20"});
  shard_.Host("c.example.org", {"2001:db8:1::3", "192.0.2.30"});
  for (const char* address : {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3"}) Script(address, kSilent);
  EXPECT_EQ(Take("sip:a.example.org:5060;transport=tcp").took, milliseconds(1 + 200 + 20));
  EXPECT_EQ(Take("sip:b.example.org:5060;transport=tcp").took, milliseconds(1 + 200 + 20));
  EXPECT_EQ(Take("sip:c.example.org:5060;transport=tcp").took, milliseconds(1 + 20));
}

TEST_F(MemoryTest, ThePreferredFamilyComesBackSoonAfterRepairAndNoCallerWaits) {  // H3
  Script(kIpv6, kSilent);
  Take(kTcpUri);
  const TimePoint repaired = shard_.now() + seconds(20);
  while (shard_.now() < repaired) {
    EXPECT_EQ(Take(kTcpUri).took, milliseconds(20)) << "a re-probe is off every caller's path";
    shard_.RunFor(milliseconds(80));
  }
  Script(kIpv6, kGood);
  while (Take(kTcpUri).family == AddressFamily::kIpv4) {
    shard_.RunFor(milliseconds(80));
    ASSERT_LT(shard_.now() - repaired, seconds(20)) << "the interval is 16 s by then, at most";
  }
}

TEST_F(MemoryTest, PooledTrafficMovesBackToThePreferredFamilyAndNobodyWaitsForIt) {  // H3, H12
  Script(kIpv6, kSilent);
  EXPECT_EQ(shard_.AcquireNow(kTcpUri).first.flow->remote.family(), AddressFamily::kIpv4);
  Script(kIpv6, kGood);
  const TimePoint end = shard_.now() + seconds(3);
  while (shard_.now() < end) {
    const auto [result, took] = shard_.AcquireNow(kTcpUri);
    EXPECT_EQ(took, Duration{0});
    EXPECT_EQ(result.flow->source, FlowSource::kPooled);
    shard_.RunFor(milliseconds(100));
  }
  EXPECT_EQ(shard_.AcquireNow(kTcpUri).first.flow->remote.family(), AddressFamily::kIpv6);
  EXPECT_EQ(shard_.sockets_open(), 2U);
}

TEST_F(MemoryTest, TheHeadStartIsGivenAgainWithinTenMinutesWhateverReprobesSay) {  // H3
  Script(kIpv6, kSilent);
  Take(kTcpUri);
  TimePoint last_head_start = shard_.now();
  int head_starts = 0;
  const TimePoint end = shard_.now() + minutes(60);
  while (shard_.now() < end) {
    if (Take(kTcpUri).took > milliseconds(100)) {
      ++head_starts;
      last_head_start = shard_.now();
    }
    ASSERT_LT(shard_.now() - last_head_start, minutes(10) + seconds(2));
    shard_.RunFor(seconds(1));
  }
  EXPECT_LE(head_starts, 7) << "one request in ten minutes pays, not more";
}

TEST_F(MemoryTest, WithoutTrafficNothingIsProbed) {  // H3
  Script(kIpv6, kSilent);
  Take(kTcpUri);
  const int before = shard_.connections_opened();
  shard_.RunFor(minutes(30));
  EXPECT_EQ(shard_.connections_opened(), before);
  EXPECT_EQ(shard_.core().NextDeadline(), kNever);
}

TEST_F(MemoryTest, MemoryFadesToTheOrderOfTheRfcs) {  // S6
  Script(kIpv6, kSilent);
  Take(kTcpUri);
  shard_.RunFor(minutes(59));  // DNS answers live an hour
  EXPECT_GT(Take(kTcpUri).took, milliseconds(200)) << "IPv6 gets its chance again";
}

TEST_F(MemoryTest, TheTraceSaysWhatMemoryChanged) {
  Script(kIpv6, kSilent);
  Take(kTcpUri);
  const auto result = shard_.AcquireNow(kTcpUri).first;
  const auto told = std::ranges::find(result.trace.steps, "memory", &TraceStep::subject);
  ASSERT_NE(told, result.trace.steps.end());
  EXPECT_NE(told->reason.find("TCP [2001:db8::10]:5060 unreachable (target: overtaken, for"), std::string::npos)
      << told->reason;
}

TEST_F(MemoryTest, ASlowServerKeepsItsShare) {  // S5, S7: slow is not unresponsive
  shard_.Host("near.example.org", {"192.0.2.10"});
  shard_.Host("far.example.org", {"198.51.100.20"});
  Script("198.51.100.20", {.rtt = milliseconds(300)});
  shard_.Answer("_sip._tcp.example.org", dns::RecordType::kSrv,
                {.status = dns::AnswerStatus::kRecords,
                 .ttl = std::chrono::hours(1),
                 .srv = {{1, 50, 5060, *dns::DnsName::Parse("near.example.org")},
                         {1, 50, 5060, *dns::DnsName::Parse("far.example.org")}}});
  int far = 0;
  constexpr int kRequests = 2000;
  for (int i = 0; i < kRequests; ++i) {
    if (Take("sip:example.org;transport=tcp").took >= milliseconds(300)) ++far;
    shard_.RunFor(milliseconds(20));
  }
  EXPECT_NEAR(far, kRequests / 2, kRequests / 50) << "2 %, for it was silent as far as anyone knew at first";
}

TEST_F(MemoryTest, A503IsAvoidedForTheTimeItGaveAndNoLonger) {  // D6
  Script(kIpv6, kGood);
  shard_.Host("one.example.org", {"192.0.2.10"});
  shard_.Host("two.example.org", {"192.0.2.20"});
  shard_.Answer("_sip._tcp.example.org", dns::RecordType::kSrv,
                {.status = dns::AnswerStatus::kRecords,
                 .ttl = std::chrono::hours(1),
                 .srv = {{1, 0, 5060, *dns::DnsName::Parse("one.example.org")},
                         {2, 0, 5060, *dns::DnsName::Parse("two.example.org")}}});
  const char* uri = "sip:example.org;transport=tcp";
  const auto first = shard_.AcquireNow(uri).first;
  EXPECT_EQ(first.flow->remote.endpoint.address.ToString(), "192.0.2.10");
  using Outcome = engine::TransactionReport::Outcome;
  ASSERT_TRUE(
      shard_.core().flows().Report({first.flow->id, Outcome::kServiceUnavailable, {}, seconds(30)}, {}, shard_.now()));
  EXPECT_EQ(shard_.AcquireNow(uri).first.flow->remote.endpoint.address.ToString(), "192.0.2.20");
  shard_.RunFor(seconds(29));
  EXPECT_EQ(shard_.AcquireNow(uri).first.flow->remote.endpoint.address.ToString(), "192.0.2.20");
  shard_.RunFor(seconds(2));
  EXPECT_EQ(shard_.AcquireNow(uri).first.flow->remote.endpoint.address.ToString(), "192.0.2.10");
  ASSERT_TRUE(
      shard_.core().flows().Report({first.flow->id, Outcome::kServiceUnavailable, {}, seconds(0)}, {}, shard_.now()));
  EXPECT_EQ(shard_.AcquireNow(uri).first.flow->remote.endpoint.address.ToString(), "192.0.2.20")
      << "Retry-After: 0: the retry can select another host";
  shard_.RunFor(seconds(1));
  EXPECT_EQ(shard_.AcquireNow(uri).first.flow->remote.endpoint.address.ToString(), "192.0.2.10");
}

// Two records of equal weight, each a host with both families.
class TwoRecordsTest : public MemoryTest {
 protected:
  static constexpr const char* kAddresses[] = {"2001:db8:1::1", "192.0.2.1", "2001:db8:2::1", "198.51.100.1"};
  static constexpr const char* kUri = "sip:example.org;transport=tcp";

  TwoRecordsTest() {
    for (const char* address : kAddresses) Script(address, kGood);
    constexpr Duration kDay = std::chrono::hours(24);
    shard_.Host("one.example.org", {kAddresses[0], kAddresses[1]}, kDay);
    shard_.Host("two.example.org", {kAddresses[2], kAddresses[3]}, kDay);
    for (const char* owner : {"_sip._tcp.example.org", "_sip._udp.example.org"}) {
      shard_.Srv(owner,
                 {{1, 50, 5060, *dns::DnsName::Parse("one.example.org")},
                  {1, 50, 5060, *dns::DnsName::Parse("two.example.org")}},
                 kDay);
    }
  }

  std::string RemoteOf(const engine::AcquireResult& result) { return result.flow->remote.ToString(); }
};

TEST_F(TwoRecordsTest, A503SpeaksForTheHostInBothFamiliesAndIsNotRepaid) {  // D6, S5
  Take(kUri);                                                               // so that DNS is known
  const std::string first = "TCP [2001:db8:1::1]:5060";
  std::optional<flow::FlowId> flow;
  for (int i = 0; i < 6; ++i) {
    const auto result = shard_.AcquireNow(kUri).first;
    if (RemoteOf(result) == first) flow = result.flow->id;
    shard_.RunFor(milliseconds(10));
  }
  ASSERT_TRUE(flow);
  using Outcome = engine::TransactionReport::Outcome;
  ASSERT_TRUE(shard_.core().flows().Report({*flow, Outcome::kServiceUnavailable, {}, seconds(60)}, {}, shard_.now()));
  const auto requests_to_first = [&](int requests) {
    int count = 0;
    for (int i = 0; i < requests; ++i) {
      if (RemoteOf(shard_.AcquireNow(kUri).first) == first) ++count;
      shard_.RunFor(milliseconds(100));
    }
    return count;
  };
  EXPECT_EQ(requests_to_first(400), 0);
  shard_.RunFor(seconds(60));
  EXPECT_NEAR(requests_to_first(200), 100, 5);
}

TEST_F(TwoRecordsTest, EqualRecordsOfAnotherTransportAreOtherRecords) {  // S3
  shard_.Script({{*IpAddress::Parse(kAddresses[0]), 5060}, Transport::kTcp}, kRefuses);
  shard_.Script({{*IpAddress::Parse(kAddresses[1]), 5060}, Transport::kTcp}, kRefuses);
  shard_.Answer("example.org", dns::RecordType::kNaptr, {.status = dns::AnswerStatus::kNoRecords, .ttl = minutes(60)});
  for (int i = 0; i < 100; ++i) {
    const auto result = shard_.AcquireNow("sip:example.org").first;
    EXPECT_EQ(result.flow->remote.transport, Transport::kTcp) << "TCP to the other record was there";
    EXPECT_TRUE(shard_.core().flows().Close(result.flow->id, {}, {FailureReason::kClosedByOwner, ""}, shard_.now()));
    shard_.RunFor(milliseconds(100));
  }
}

TEST_F(TwoRecordsTest, EachHostGetsItsOwnHeadStart) {  // H3
  Script(kAddresses[0], kSilent);
  Script(kAddresses[2], kSilent);
  std::map<std::string, std::vector<TimePoint>> tried_first;
  const TimePoint end = shard_.now() + minutes(100);
  while (shard_.now() < end) {
    const std::size_t before = shard_.starts().size();
    Take(kUri);
    for (std::size_t i = before; i < shard_.starts().size(); ++i) {
      // A re-probe has the moment of its request for itself; an attempt of the race has it where nothing else began.
      const auto& [when, target] = shard_.starts()[i];
      if (i + 1 == shard_.starts().size() || shard_.starts()[i + 1].first > when) {
        tried_first[target.endpoint.address.ToString()].push_back(when);
      }
    }
    shard_.RunFor(seconds(10));
  }
  EXPECT_GE(tried_first[kAddresses[0]].size(), 8U) << "every ten minutes or so";
  EXPECT_GE(tried_first[kAddresses[2]].size(), 8U);
}

TEST_F(MemoryTest, TimersAreAdvisedByTheTargetsOwnSamples) {  // S11
  const auto path = [](const char* address) {
    return history::Path{{}, {{*IpAddress::Parse(address), 5060}, Transport::kTcp}};
  };
  shard_.state().Record({path("192.0.2.1"), AttemptStage::kProbe, std::nullopt, seconds(5)}, shard_.now());
  shard_.state().Record({path("192.0.2.2"), AttemptStage::kTcp, std::nullopt, milliseconds(20)}, shard_.now());
  EXPECT_EQ(shard_.state().RttOf(path("192.0.2.2"), shard_.now())->smoothed(), milliseconds(20));
  EXPECT_FALSE(shard_.state().RttOf(path("192.0.2.3"), shard_.now()));
}

TEST_F(MemoryTest, RequestsInFlightTogetherDoNotAllChooseTheSameRecord) {  // S5
  shard_.Host("one.example.org", {"192.0.2.20"});
  shard_.Host("two.example.org", {"192.0.2.30"});
  shard_.Srv("_sip._tcp.example.org", {{1, 50, 5060, *dns::DnsName::Parse("one.example.org")},
                                       {1, 50, 5060, *dns::DnsName::Parse("two.example.org")}});
  Take("sip:example.org;transport=tcp");
  std::vector<std::shared_ptr<std::optional<engine::AcquireResult>>> results;
  for (int i = 0; i < 40; ++i) {
    engine::AcquireRequest request = ScriptedShard::RequestFor("sip:example.org;transport=tcp");
    request.exclusive = true;
    request.deadline = shard_.now() + seconds(5);
    results.push_back(shard_.Acquire(std::move(request)));
  }
  shard_.RunFor(seconds(1));
  int first = 0;
  for (const auto& result : results) {
    if ((*result)->flow->remote.endpoint.address.ToString() == "192.0.2.20") ++first;
  }
  EXPECT_NEAR(first, 20, 1);
}

TEST_F(MemoryTest, AReportedTimeoutMakesTheFlowSuspect) {  // D6, H12
  Script(kIpv6, kGood);
  const auto first = shard_.AcquireNow(kTcpUri).first;
  using Outcome = engine::TransactionReport::Outcome;
  ASSERT_TRUE(shard_.core().flows().Report({first.flow->id, Outcome::kTimedOut, {}, {}}, {}, shard_.now()));
  const auto second = shard_.AcquireNow(kTcpUri).first;
  EXPECT_EQ(second.flow->id, first.flow->id);
  EXPECT_EQ(second.flow->source, FlowSource::kProbed);
}

}  // namespace
}  // namespace flowbroker::simulation
