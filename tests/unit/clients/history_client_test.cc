#include <gtest/gtest.h>

#include "clients/cpp/flowbroker_client.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

using namespace std::chrono_literals;

class HistoryClientTest : public ::testing::Test {
 protected:
  FakeBroker broker_;
  Client client_{{.address = broker_.address()}};
};

TEST_F(HistoryClientTest, ListsPreferencesOverAllPages) {
  for (int i = 0; i < 3; ++i) {
    v1::FamilyPreference& row = broker_.preferences.emplace_back();
    row.set_prefix("2001:db8::/48");
    row.set_family(v1::ADDRESS_FAMILY_IPV6);
    row.set_preferred_family(v1::ADDRESS_FAMILY_IPV4);
    row.set_confidence(0.5);
    row.set_losses(static_cast<std::uint64_t>(i));
    row.mutable_smoothed_rtt()->set_nanos(20'000'000);
    row.mutable_since()->set_seconds(5);
    row.set_reachability(v1::REACHABILITY_SLOW);
  }
  const auto preferences = client_.ListFamilyPreferences({.only_impaired = true});
  ASSERT_TRUE(preferences) << preferences.error().ToString();
  ASSERT_EQ(preferences->size(), 3U);
  const FamilyPreference& last = preferences->back();
  EXPECT_EQ(last.prefix, "2001:db8::/48");
  EXPECT_EQ(last.preferred_family, AddressFamily::kIpv4);
  EXPECT_EQ(last.losses, 2U);
  EXPECT_EQ(last.smoothed_rtt, 20ms);
  EXPECT_EQ(last.since.time_since_epoch(), 5s);
  EXPECT_EQ(last.reachability, Reachability::kSlow);
  EXPECT_FALSE(last.next_reprobe);
}

TEST_F(HistoryClientTest, TellsReachabilityAndThatNothingIsKnown) {
  const auto targets = client_.GetReachability({.host = "known", .port = 5061, .transport = Transport::kTls});
  ASSERT_TRUE(targets) << targets.error().ToString();
  ASSERT_EQ(targets->size(), 1U);
  EXPECT_EQ(targets->front().endpoint.ToString(), "[2001:db8::1]:5061");
  EXPECT_EQ(targets->front().reachability, Reachability::kUnreachable);
  EXPECT_EQ(targets->front().level, MemoryLevel::kPrefix);
  EXPECT_EQ(broker_.asked.Wait()->transport(), v1::TRANSPORT_TLS);
  EXPECT_EQ(client_.GetReachability({.host = "stranger"}).error().code, Code::kNotFound);
}

TEST_F(HistoryClientTest, ListsAsManyRacesAsWanted) {
  for (std::uint64_t number = 5; number > 0; --number) {
    v1::Race& race = broker_.races.emplace_back();
    race.set_number(number);
    race.set_outcome(number == 5 ? v1::RACE_OUTCOME_FAILED : v1::RACE_OUTCOME_SUCCEEDED);
    race.mutable_trace()->add_steps()->set_subject("SRV example.org");
  }
  const auto three = client_.ListRaces(3);
  ASSERT_TRUE(three);
  ASSERT_EQ(three->size(), 3U);
  EXPECT_FALSE((*three)[0].succeeded);
  EXPECT_TRUE((*three)[2].succeeded);
  EXPECT_EQ((*three)[2].number, 3U);
  EXPECT_EQ((*three)[0].trace.steps.at(0).subject, "SRV example.org");
  EXPECT_EQ(client_.ListRaces(100)->size(), 5U);
}

TEST_F(HistoryClientTest, ForgetsAndSaysHowMuch) {
  const auto forgotten = client_.ForgetHost("example.org");
  ASSERT_TRUE(forgotten);
  EXPECT_EQ(forgotten->targets, 1U);
  EXPECT_EQ(forgotten->prefixes, 2U);
  EXPECT_EQ(broker_.reset.Wait()->host(), "example.org");
  ASSERT_TRUE(client_.ForgetPrefix("::/0"));
  EXPECT_EQ(broker_.reset.Wait()->prefix(), "::/0");
  ASSERT_TRUE(client_.ForgetAll());
  EXPECT_TRUE(broker_.reset.Wait()->all());
}

TEST_F(HistoryClientTest, AWatchResumesAndEndsWithTheBroker) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    v1::PreferenceEvent& event = broker_.preference_events.emplace_back();
    event.set_sequence(sequence);
    if (sequence == 3) event.mutable_changed()->set_prefix("192.0.2.0/24");
    if (sequence < 3) event.set_forgotten("all");
  }
  Promise<std::uint64_t> ready;
  Collector<PreferenceEvent> events;
  Promise<Error> closed;
  const auto watch = client_.WatchPreferences({.after_sequence = 1},
                                              {.on_ready = [&](std::uint64_t latest) { ready.Set(latest); },
                                               .on_event = [&](PreferenceEvent event) { events.Add(std::move(event)); },
                                               .on_closed = [&](Error error) { closed.Set(std::move(error)); }});
  EXPECT_EQ(ready.Wait(), 3U);
  const auto seen = events.WaitFor(2);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].forgotten, "all");
  EXPECT_FALSE(seen[0].changed);
  EXPECT_EQ(seen[1].changed->prefix, "192.0.2.0/24");
  broker_.Stop();
  EXPECT_EQ(closed.Wait()->code, Code::kUnavailable);
  EXPECT_EQ(watch->last_sequence(), 3U);
}

}  // namespace
}  // namespace flowbroker::client
