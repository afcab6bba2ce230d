#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/clients/session_test.h"

// flowctl's commands about memory, from command line to exit code, against a broker in this process.
namespace flowbroker::cli {
namespace {

using testing::HasSubstr;

class HistorySessionTest : public SessionTest {
 protected:
  std::size_t Occurrences(const std::string& word) const {
    const std::string text = out_.str();
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
    return count;
  }

  void AddRaces(int count) {
    for (int number = count; number > 0; --number) {
      v1::Race& race = broker_.races.emplace_back();
      race.set_number(static_cast<std::uint64_t>(number));
      race.set_host(number % 2 == 0 ? "even.org" : "odd.org");
      race.set_outcome(v1::RACE_OUTCOME_SUCCEEDED);
    }
  }
};

TEST_F(HistorySessionTest, PrefsAreOneDocumentOverAllPages) {
  for (const char* prefix : {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"}) {
    broker_.preferences.emplace_back().set_prefix(prefix);
  }
  EXPECT_EQ(Do({"prefs", "--json"}), ExitCode::kOk);
  EXPECT_EQ(Occurrences("\"prefix\""), 3U);
  EXPECT_EQ(Occurrences("\n"), 1U);
  EXPECT_EQ(Do({"prefs"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("203.0.113.0/24"));
}

TEST_F(HistorySessionTest, RacesStopAtTheirCount) {
  AddRaces(5);
  EXPECT_EQ(Do({"races", "--count", "3", "--json"}), ExitCode::kOk);
  EXPECT_EQ(Occurrences("\"number\""), 3U);
  EXPECT_EQ(Do({"races", "--json"}), ExitCode::kOk);
  EXPECT_EQ(Occurrences("\"number\""), 5U);
  EXPECT_EQ(Do({"races", "--host", "even.org", "-v"}), ExitCode::kOk);
  EXPECT_EQ(Occurrences("even.org"), 2U);
  EXPECT_EQ(Occurrences("odd.org"), 0U);
}

TEST_F(HistorySessionTest, ReachOfAnUnknownHostHasTheCodeForNotFound) {
  EXPECT_EQ(Do({"reach", "stranger"}), ExitCode::kNotFound);
  EXPECT_EQ(Do({"reach", "known", "--port", "5061", "--transport", "tls", "--interface", "eth0"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("unreachable: timed_out"));
  const auto asked = broker_.asked.Wait();
  EXPECT_EQ(asked->port(), 5061U);
  EXPECT_EQ(asked->transport(), v1::TRANSPORT_TLS);
  EXPECT_EQ(asked->interface(), "eth0");
}

TEST_F(HistorySessionTest, ResetForgetsWhatItIsTold) {
  EXPECT_EQ(Do({"reset", "--all"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "forgotten: 1 target, 2 prefixes\n");
  EXPECT_TRUE(broker_.reset.Wait()->all());
  EXPECT_EQ(Do({"reset", "--prefix", "192.0.2.0/24", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "{\"targets\":1,\"prefixes\":2}\n");
  EXPECT_EQ(broker_.reset.Wait()->prefix(), "192.0.2.0/24");
  EXPECT_EQ(Do({"reset", "--host", "example.org"}), ExitCode::kOk);
  EXPECT_EQ(broker_.reset.Wait()->host(), "example.org");
}

TEST_F(HistorySessionTest, ResetMustBeToldOneThing) {
  EXPECT_EQ(Do({"reset"}), ExitCode::kUsage);
  EXPECT_EQ(Do({"reset", "--all", "--host", "example.org"}), ExitCode::kUsage);
}

TEST_F(HistorySessionTest, WatchingPrefsSaysFirstThatItIsInPlace) {
  v1::PreferenceEvent& event = broker_.preference_events.emplace_back();
  event.set_sequence(7);
  event.set_forgotten("all");
  EXPECT_EQ(Do({"prefs", "--watch", "--after", "6", "--count", "1", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_.str().substr(0, out_.str().find('\n')), R"({"events":[],"latest_sequence":"7"})");
  EXPECT_EQ(Do({"prefs", "--watch", "--after", "6", "--count", "1"}), ExitCode::kOk);
  EXPECT_THAT(out_.str(), HasSubstr("7  forgotten: all\n"));
}

TEST_F(HistorySessionTest, FiltersReachTheRequest) {
  const auto parse = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "flowctl");
    return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data()).invocation;
  };
  const auto prefs = parse({"prefs", "--interface", "eth0", "--family", "IPv6", "--prefix", "::/0", "--impaired"});
  ASSERT_TRUE(prefs);
  EXPECT_EQ(prefs->preferences.interface, "eth0");
  EXPECT_EQ(prefs->preferences.family, client::AddressFamily::kIpv6);
  EXPECT_EQ(prefs->preferences.prefix, "::/0");
  EXPECT_TRUE(prefs->preferences.only_impaired);
  const auto races = parse({"races", "--host", "h", "--failed", "--group", "edge"});
  ASSERT_TRUE(races);
  EXPECT_EQ(races->races.host, "h");
  EXPECT_EQ(races->races.succeeded, false);
  EXPECT_EQ(races->races.client_group, "edge");
  EXPECT_FALSE(parse({"races"})->races.succeeded);
  EXPECT_FALSE(parse({"races"})->races.client_group) << "of all groups";
  EXPECT_FALSE(parse({"races", "--count", "0"}));
  EXPECT_FALSE(parse({"prefs", "--family", "ipx"}));
}

}  // namespace
}  // namespace flowbroker::cli
