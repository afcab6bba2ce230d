#include "clients/cli/render_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flowbroker::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr client::WallTime kNow{1'000'000s};
constexpr Canvas kPlain{.columns = 100, .colour = false};

client::FamilyPreference Preference() {
  return {.interface = "eth0",
          .network = 1,
          .prefix = "2001:db8:1::/48",
          .transport = client::Transport::kTcp,
          .family = client::AddressFamily::kIpv6,
          .preferred_family = client::AddressFamily::kIpv4,
          .confidence = 0.934,
          .wins = 2,
          .losses = 5,
          .smoothed_rtt = 20ms,
          .since = kNow - 90s,
          .reachability = client::Reachability::kUnreachable,
          .failure = "overtaken",
          .next_reprobe = kNow + 11500ms};
}

client::Race Race(bool succeeded) {
  client::Race race;
  race.number = 7;
  race.start_time = kNow;
  race.duration = 40ms;
  race.host = "example.org";
  race.client_group = "edge";
  race.succeeded = succeeded;
  race.source = client::FlowSource::kRaced;
  race.transport = client::Transport::kTls;
  race.family = client::AddressFamily::kIpv6;
  race.remote = {"2001:db8::1", 5061};
  if (!succeeded) race.failure = "timed_out";
  if (!succeeded) race.detail = "all targets silent";
  client::TraceStep step;
  step.what = client::TraceWhat::kAttempt;
  step.subject = "TLS [2001:db8::1]:5061";
  step.end = 42ms;
  step.outcome = succeeded ? client::TraceOutcome::kWon : client::TraceOutcome::kFailed;
  race.trace.steps = {step, step};
  return race;
}

TEST(RenderPreferencesTest, ShowsEverythingThatDecides) {
  const std::string text = RenderPreferences({Preference()}, kNow, kPlain);
  for (const char* word :
       {"eth0", "2001:db8:1::/48", "TCP", "IPv4 93 %", "90 s", "2/5", "20 ms", "unreachable: overtaken", "in 12 s"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
}

TEST(RenderPreferencesTest, SaysWhenAProbeIsOverdueAndLeavesOutWhatIsNotKnown) {
  client::FamilyPreference one = Preference();
  one.interface.clear();
  one.smoothed_rtt.reset();
  one.since = kNow + 5s;  // a clock that was set back
  one.next_reprobe = kNow - 1s;
  const std::string text = RenderPreferences({one}, kNow, kPlain);
  EXPECT_THAT(text, HasSubstr("with the next request"));
  EXPECT_THAT(text, HasSubstr("< 1 s"));
  EXPECT_THAT(text, Not(HasSubstr("20 ms")));
}

TEST(RenderPreferencesTest, HasAWordForNothing) {
  EXPECT_EQ(RenderPreferences({}, kNow, kPlain), "nothing is remembered\n");
  EXPECT_EQ(RenderRaces({}, kPlain), "no races are remembered\n");
  EXPECT_EQ(RenderRaceWaterfalls({}, kPlain), "no races are remembered\n");
}

TEST(RenderPreferenceEventTest, IsOneLine) {
  const std::string changed = RenderPreferenceEvent({.sequence = 9, .time = kNow, .changed = Preference()}, kPlain);
  EXPECT_THAT(changed, HasSubstr("9  eth0  2001:db8:1::/48 TCP  prefers IPv4 93 %  unreachable: overtaken\n"));
  const std::string forgotten = RenderPreferenceEvent({.sequence = 10, .time = kNow, .forgotten = "all"}, kPlain);
  EXPECT_THAT(forgotten, HasSubstr("10  forgotten: all\n"));
}

TEST(RenderReachabilityTest, ShowsVerdictLevelAndRoundTrips) {
  client::TargetReachability held;
  held.transport = client::Transport::kTls;
  held.endpoint = {"2001:db8::1", 5061};
  held.reachability = client::Reachability::kSlow;
  held.level = client::MemoryLevel::kPrefix;
  held.failure = "timed_out";
  held.since = kNow - 10min;
  held.unavailable = true;
  held.rtts = {{client::AttemptStage::kTcp, 20ms, 2ms, 4, true}, {client::AttemptStage::kTls, 22ms, 2ms, 9, false}};
  held.timers.t1 = 100ms;
  client::TargetReachability unknown;
  unknown.reachability = client::Reachability::kUnknown;
  const std::string text = RenderReachability("example.org", {held, unknown}, kNow, kPlain);
  for (const char* word : {"2 targets", "TLS [2001:db8::1]:5061", "slow: timed_out, 503", "prefix", "10 min",
                           "TCP 20 ms (4), TLS ~22.0 ms (9)", "100 ms"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
}

TEST(RenderRacesTest, ALineTellsHowItEnded) {
  const std::string text = RenderRaces({Race(true), Race(false)}, kPlain);
  EXPECT_THAT(text, HasSubstr("IPv6 TLS [2001:db8::1]:5061 in 40 ms, raced"));
  EXPECT_THAT(text, HasSubstr("timed_out after 40 ms"));
  EXPECT_THAT(text, HasSubstr("all targets silent"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << "with the heading";
}

TEST(RenderRacesTest, AWaterfallEachApartByAnEmptyLine) {
  const std::string text = RenderRaceWaterfalls({Race(true), Race(false)}, kPlain);
  EXPECT_THAT(text, HasSubstr("won\n"));
  EXPECT_THAT(text, HasSubstr("\n\n7  "));
  EXPECT_THAT(text, HasSubstr("all targets silent\n"));
}

TEST(RenderRacesTest, TextsOfPeersCannotControlTheTerminal) {
  client::Race race = Race(false);
  race.host = "evil\x1b[2J";
  race.detail = "a\nb";
  for (const std::string& text : {RenderRaces({race}, kPlain), RenderRaceWaterfalls({race}, kPlain)}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_THAT(text, HasSubstr("a?b"));
  }
}

}  // namespace
}  // namespace flowbroker::cli
