#include "service/rpc/history_conversion.h"

#include <gtest/gtest.h>

#include <string>

#include "service/rpc/fields.h"
#include "tests/unit/service/fake_history.h"

namespace flowbroker::rpc {
namespace {

using engine::FakeHistory;
using std::chrono::seconds;

template <typename Value>
std::string FieldAtFault(const Expected<Value>& converted) {
  if (converted) return "none";
  EXPECT_EQ(converted.error().reason, FailureReason::kInvalidArgument);
  EXPECT_FALSE(converted.error().detail.empty());
  return converted.error().field;
}

TEST(PrefixFieldTest, ReadsPrefixesOfBothFamilies) {
  for (const char* text : {"192.0.2.0/24", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/48", "::/0", "2001:db8::1/128"}) {
    const auto prefix = RequiredPrefix(text, "prefix");
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(prefix->ToString(), text);
  }
}

TEST(PrefixFieldTest, RefusesWhatIsNoPrefix) {
  for (const char* text : {"", "/", "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/2x",
                           "192.0.2.0/024 ", "2001:db8::/129", "example.org/24", "192.0.2/24", "192.0.2.0/99999999999"})
    EXPECT_EQ(FieldAtFault(RequiredPrefix(text, "prefix")), "prefix") << text;
}

TEST(PrefixFieldTest, AsksBackWhereHostBitsAreSet) {
  const auto prefix = RequiredPrefix("192.0.2.10/24", "prefix");
  ASSERT_FALSE(prefix);
  EXPECT_NE(prefix.error().detail.find("192.0.2.0/24"), std::string::npos) << prefix.error().detail;
}

TEST(HostFieldTest, ReadsNamesAndAddressesInOneForm) {
  EXPECT_EQ(std::get<dns::DnsName>(*RequiredHost("Sip.Example.ORG.", "host")).ToString(), "sip.example.org");
  EXPECT_EQ(std::get<IpAddress>(*RequiredHost("192.0.2.1", "host")).ToString(), "192.0.2.1");
  EXPECT_EQ(std::get<IpAddress>(*RequiredHost("[2001:DB8::1]", "host")).ToString(), "2001:db8::1");
}

TEST(HostFieldTest, RefusesWhatIsNeither) {
  for (const std::string& text :
       {std::string(), std::string("."), std::string("192.0.2.300"), std::string("a b"), std::string("a..b"),
        std::string("2001:db8::g"), std::string(300, 'a'), std::string("192.0.2.0/24"), std::string("sip:example.org")})
    EXPECT_EQ(FieldAtFault(RequiredHost(text, "host")), "host") << text;
}

class HistoryToProtoTest : public testing::Test {
 protected:
  FakeHistory history_;
  const HistoryView view_{history_,
                          {TimePoint(seconds(11)), std::chrono::system_clock::time_point(seconds(1'000'000'010))}};
};

TEST_F(HistoryToProtoTest, APreferenceTellsEverything) {
  auto preference = FakeHistory::PreferenceOf("2001:db8:1::");
  preference.preferred = AddressFamily::kIpv4;
  preference.reachability = history::Reachability::kUnreachable;
  preference.failure = FailureReason::kOvertaken;
  preference.next_reprobe = TimePoint(seconds(15));
  v1::FamilyPreference out;
  Fill(preference, view_, out);
  EXPECT_EQ(out.interface(), "eth0");
  EXPECT_EQ(out.network(), 1U);
  EXPECT_EQ(out.prefix(), "2001:db8:1::/48");
  EXPECT_EQ(out.transport(), v1::TRANSPORT_TCP);
  EXPECT_EQ(out.family(), v1::ADDRESS_FAMILY_IPV6);
  EXPECT_EQ(out.preferred_family(), v1::ADDRESS_FAMILY_IPV4);
  EXPECT_EQ(out.confidence(), 0.75);
  EXPECT_EQ(out.wins(), 3U);
  EXPECT_EQ(out.losses(), 1U);
  EXPECT_EQ(out.smoothed_rtt().nanos(), 20'000'000);
  EXPECT_EQ(out.since().seconds(), 1'000'000'000);
  EXPECT_EQ(out.next_reprobe().seconds(), 1'000'000'014);
  EXPECT_EQ(out.reachability(), v1::REACHABILITY_UNREACHABLE);
  EXPECT_EQ(out.failure(), "overtaken");
}

TEST_F(HistoryToProtoTest, APreferenceThatIsNotHeldHasNoReprobe) {
  v1::FamilyPreference out;
  Fill(FakeHistory::PreferenceOf("192.0.2.0", 0), view_, out);
  EXPECT_FALSE(out.has_next_reprobe());
  EXPECT_EQ(out.failure(), "");
  EXPECT_EQ(out.interface(), "");
}

TEST_F(HistoryToProtoTest, ATargetTellsItsVerdictAndItsStages) {
  history::RttEstimate estimate;
  estimate.AddSample(std::chrono::milliseconds(30));
  const engine::TargetReachability target{.path = {{2}, {{*IpAddress::Parse("192.0.2.1"), 5061}, Transport::kTls}},
                                          .verdict = {.reachability = history::Reachability::kSlow,
                                                      .level = history::Level::kPrefix,
                                                      .failure = FailureReason::kTimedOut,
                                                      .since = TimePoint(seconds(10)),
                                                      .unavailable = true},
                                          .next_reprobe = TimePoint(seconds(12)),
                                          .rtts = {{AttemptStage::kTls, {estimate, false, true}}},
                                          .timers = {std::chrono::milliseconds(100), seconds(6), seconds(6)}};
  v1::TargetReachability out;
  Fill(target, view_, out);
  EXPECT_EQ(out.interface(), "eth1");
  EXPECT_EQ(out.endpoint().address(), "192.0.2.1");
  EXPECT_EQ(out.endpoint().port(), 5061U);
  EXPECT_EQ(out.reachability(), v1::REACHABILITY_SLOW);
  EXPECT_EQ(out.level(), v1::MEMORY_LEVEL_PREFIX);
  EXPECT_EQ(out.failure(), "timed_out");
  EXPECT_EQ(out.since().seconds(), 1'000'000'009);
  EXPECT_TRUE(out.unavailable());
  ASSERT_EQ(out.rtts_size(), 1);
  EXPECT_EQ(out.rtts(0).stage(), v1::ATTEMPT_STAGE_TLS);
  EXPECT_EQ(out.rtts(0).smoothed().nanos(), 30'000'000);
  EXPECT_EQ(out.rtts(0).samples(), 1U);
  EXPECT_FALSE(out.rtts(0).of_target());
  EXPECT_EQ(out.timers().t1().nanos(), 100'000'000);
}

TEST_F(HistoryToProtoTest, AnUnknownTargetHasNeitherLevelNorSince) {
  const engine::TargetReachability target{.path = {{1}, {{*IpAddress::Parse("::1"), 5060}, Transport::kUdp}},
                                          .verdict = {},
                                          .next_reprobe = kNever,
                                          .rtts = {},
                                          .timers = {}};
  v1::TargetReachability out;
  Fill(target, view_, out);
  EXPECT_EQ(out.reachability(), v1::REACHABILITY_UNKNOWN);
  EXPECT_EQ(out.level(), v1::MEMORY_LEVEL_UNSPECIFIED);
  EXPECT_FALSE(out.has_since());
  EXPECT_FALSE(out.has_next_reprobe());
}

TEST_F(HistoryToProtoTest, ARaceTellsWhatWonAndAFailedOneWhy) {
  v1::Race won;
  Fill(*FakeHistory::RaceOf(5, "example.org"), view_.now, won);
  EXPECT_EQ(won.number(), 5U);
  EXPECT_EQ(won.host(), "example.org");
  EXPECT_EQ(won.outcome(), v1::RACE_OUTCOME_SUCCEEDED);
  EXPECT_EQ(won.remote().address(), "192.0.2.1");
  EXPECT_EQ(won.duration().seconds(), 2);
  EXPECT_EQ(won.start_time().seconds(), 1'000'000'000);
  v1::Race lost;
  Fill(*FakeHistory::RaceOf(6, "example.org", false), view_.now, lost);
  EXPECT_EQ(lost.outcome(), v1::RACE_OUTCOME_FAILED);
  EXPECT_EQ(lost.failure(), "timed_out");
  EXPECT_EQ(lost.detail(), "all silent");
  EXPECT_FALSE(lost.has_remote());
  EXPECT_EQ(lost.transport(), v1::TRANSPORT_UNSPECIFIED);
}

TEST_F(HistoryToProtoTest, AnEventIsAChangeOrSaysWhatWasForgotten) {
  v1::PreferenceEvent out;
  Fill({4, TimePoint(seconds(1)), FakeHistory::PreferenceOf("192.0.2.0")}, view_, out);
  EXPECT_EQ(out.sequence(), 4U);
  EXPECT_EQ(out.changed().prefix(), "192.0.2.0/24");
  Fill({5, TimePoint(seconds(1)), engine::PreferencesForgotten{}}, view_, out);
  EXPECT_EQ(out.forgotten(), "all");
  Fill({6, TimePoint(seconds(1)), engine::PreferencesForgotten{IpPrefix{*IpAddress::Parse("::"), 0}}}, view_, out);
  EXPECT_EQ(out.forgotten(), "::/0");
}

class PreferencePageTest : public testing::Test {
 protected:
  bool Shows(const history::FamilyPreference& preference) {
    const auto page = FromProto(request_);
    EXPECT_TRUE(page);
    return page && page->Shows(preference, history_);
  }
  FakeHistory history_;
  v1::ListFamilyPreferencesRequest request_;
};

TEST_F(PreferencePageTest, ShowsOnlyWhatWasAskedFor) {
  const auto v4 = FakeHistory::PreferenceOf("192.0.2.0");
  const auto v6 = FakeHistory::PreferenceOf("2001:db8:1::", 2);
  EXPECT_TRUE(Shows(v4));
  request_.set_interface("eth1");
  EXPECT_FALSE(Shows(v4));
  EXPECT_TRUE(Shows(v6));
  request_.set_family(v1::ADDRESS_FAMILY_IPV4);
  EXPECT_FALSE(Shows(v6));
  request_.Clear();
  request_.set_prefix("192.0.2.77");
  EXPECT_TRUE(Shows(v4)) << "it contains that address";
  EXPECT_FALSE(Shows(v6));
  request_.set_prefix("192.0.0.0/16");
  EXPECT_TRUE(Shows(v4)) << "it is inside";
  request_.set_prefix("198.51.100.0/24");
  EXPECT_FALSE(Shows(v4));
}

TEST_F(PreferencePageTest, ShowsOnlyImpairedOnesWhereAsked) {
  auto preference = FakeHistory::PreferenceOf("192.0.2.0");
  request_.set_only_impaired(true);
  EXPECT_FALSE(Shows(preference));
  preference.preferred = AddressFamily::kIpv6;
  EXPECT_TRUE(Shows(preference));
  preference.preferred = AddressFamily::kIpv4;
  preference.reachability = history::Reachability::kSlow;
  EXPECT_TRUE(Shows(preference));
}

TEST_F(PreferencePageTest, ATokenLeadsBehindItsRow) {
  const auto first = FakeHistory::PreferenceOf("2001:db8:1::");
  const auto second = FakeHistory::PreferenceOf("2001:db8:2::");
  request_.set_page_token(PageTokenAfter(first.key));
  EXPECT_FALSE(Shows(first));
  EXPECT_TRUE(Shows(second));
}

TEST_F(PreferencePageTest, NamesTheFieldAtFault) {
  const auto at_fault = [this](const auto& set) {
    request_.Clear();
    set(request_);
    return FieldAtFault(FromProto(request_));
  };
  EXPECT_EQ(at_fault([](auto& r) { r.set_page_size(1001); }), "page_size");
  for (const char* token : {"x", "1,2", "1,::,SCTP", ",::,TCP", "-1,::,TCP", "1,nowhere,TCP", "99999999999,::,TCP"})
    EXPECT_EQ(at_fault([&](auto& r) { r.set_page_token(token); }), "page_token") << token;
  EXPECT_EQ(at_fault([](auto& r) { r.set_interface("sixteen-letters!"); }), "interface");
  EXPECT_EQ(at_fault([](auto& r) { r.set_family(static_cast<v1::AddressFamily>(3)); }), "family");
  EXPECT_EQ(at_fault([](auto& r) { r.set_prefix("192.0.2.0/40"); }), "prefix");
}

TEST(RacePageTest, ShowsOnlyWhatWasAskedFor) {
  const auto race = FakeHistory::RaceOf(5, "example.org");
  v1::ListRacesRequest request;
  const auto shows = [&] { return FromProto(request)->Shows(*race); };
  EXPECT_TRUE(shows());
  for (const char* host : {"example.org", "a.example.org", "192.0.2.1"}) {
    request.set_host(host);
    EXPECT_TRUE(shows()) << host;
  }
  request.set_host("b.example.org");
  EXPECT_FALSE(shows());
  request.Clear();
  request.set_outcome(v1::RACE_OUTCOME_FAILED);
  EXPECT_FALSE(shows());
  request.Clear();
  request.set_client_group("");
  EXPECT_FALSE(shows());
  request.Clear();
  request.set_page_token("5");
  EXPECT_FALSE(shows());
  request.set_page_token("6");
  EXPECT_TRUE(shows());
}

TEST(RacePageTest, NamesTheFieldAtFault) {
  const auto at_fault = [](const auto& set) {
    v1::ListRacesRequest request;
    set(request);
    return FieldAtFault(FromProto(request));
  };
  EXPECT_EQ(at_fault([](auto& r) { r.set_page_size(1001); }), "page_size");
  EXPECT_EQ(at_fault([](auto& r) { r.set_page_token("five"); }), "page_token");
  EXPECT_EQ(at_fault([](auto& r) { r.set_host("192.0.2.300"); }), "host");
  EXPECT_EQ(at_fault([](auto& r) { r.set_outcome(static_cast<v1::RaceOutcome>(3)); }), "outcome");
  EXPECT_EQ(at_fault([](auto& r) { r.set_client_group(std::string(200, 'g')); }), "client_group");
}

TEST(ReachabilityQueryTest, ReadsEverythingAndNamesTheFieldAtFault) {
  v1::GetReachabilityRequest request;
  EXPECT_EQ(FieldAtFault(FromProto(request)), "host");
  request.set_host("example.org");
  request.set_port(5070);
  request.set_transport(v1::TRANSPORT_TLS);
  request.set_interface("eth0");
  const auto query = FromProto(request);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->port, 5070);
  EXPECT_EQ(query->transport, Transport::kTls);
  EXPECT_EQ(query->interface, "eth0");
  request.set_port(70'000);
  EXPECT_EQ(FieldAtFault(FromProto(request)), "port");
  request.set_port(0);
  request.set_transport(static_cast<v1::Transport>(7));
  EXPECT_EQ(FieldAtFault(FromProto(request)), "transport");
}

}  // namespace
}  // namespace flowbroker::rpc
