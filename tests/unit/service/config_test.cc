#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "service/config/command_line.h"
#include "service/config/config_loader.h"
#include "service/config/setting.h"
#include "service/config/value_text.h"

namespace flowbroker::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::variant<CommandLine, EarlyExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "flowbrokerd");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

ServiceConfig Parsed(const std::vector<const char*>& arguments) {
  const LoadedConfig loaded = LoadConfig(std::get<CommandLine>(Parse(arguments)).sources);
  if (!loaded.problems.empty()) throw std::runtime_error(loaded.Problems());
  return loaded.config;
}

/// How the process ends, whether the command line or a setting is wrong.
EarlyExit Refused(const std::vector<const char*>& arguments) {
  const auto parsed = Parse(arguments);
  if (const auto* exit = std::get_if<EarlyExit>(&parsed)) return *exit;
  const LoadedConfig loaded = LoadConfig(std::get<CommandLine>(parsed).sources);
  return {loaded.problems.empty() ? 0 : 2, loaded.Problems()};
}

TEST(FileModeTest, IsPermissionsInOctalAndNothingElse) {
  EXPECT_EQ(ParseFileMode("0660"), 0660U);
  for (const char* bad : {"", "660", "0668", "1777", "00660", "-660", "rw-rw----"})
    EXPECT_FALSE(ParseFileMode(bad)) << bad;
}

TEST(CommandLineTest, NeedsNoArguments) {
  const ServiceConfig config = Parsed({});
  ASSERT_EQ(config.listen.size(), 1U);
  EXPECT_THAT(config.listen[0], testing::StartsWith("unix:/"));
  EXPECT_EQ(config.admin, "127.0.0.1:7461");
  EXPECT_TRUE(config.broker.racing.parallel);
  EXPECT_TRUE(config.broker.dns.servers.empty());
}

TEST(CommandLineTest, AListMayBeGivenInPartsAndAnythingElseCountsAsItWasSaidLast) {
  const ServiceConfig config =
      Parsed({"--dns-servers", "192.0.2.1:53,192.0.2.2:53", "--dns-servers", "[2001:db8::3]:53", "--edge-listen",
              "udp:192.0.2.1:5060", "--edge-listen", "tcp:192.0.2.1:5060=core", "--racing", "on", "--racing", "off"});
  EXPECT_EQ(config.broker.dns.servers.size(), 3U);
  ASSERT_EQ(config.broker.edge.listeners.size(), 2U);
  EXPECT_EQ(config.broker.edge.listeners[1].client_group, "core");
  EXPECT_FALSE(config.broker.racing.parallel);
}

TEST(CommandLineTest, BracketsOfAnAddressAreNoneOfAList) {
  EXPECT_EQ(Refused({"--egress-deny", "[2001:db8::1],[2001:db8::2]"}).text, "");
}

TEST(CommandLineTest, ListensOnTcpOnlyWithTlsOrWhenPlaintextIsAskedFor) {
  EXPECT_THAT(Parsed({"--grpc-plaintext", "on"}).listen, ElementsAre(testing::_, "127.0.0.1:7460"));
  EXPECT_THAT(
      Parsed({"--grpc-certificate-file", "/c", "--grpc-private-key-file", "/k", "--grpc-client-ca-file", "/a"}).listen,
      ElementsAre(testing::_, "127.0.0.1:7460"));
  EXPECT_THAT(Refused({"--listen", "127.0.0.1:7460"}).text,
              HasSubstr("--listen: \"127.0.0.1:7460\" is TCP without TLS"));
}

TEST(CommandLineTest, SetsWhatTheFlagsSay) {
  const ServiceConfig config =
      Parsed({"--listen", "unix:/a", "--listen", "127.0.0.1:0", "--grpc-plaintext", "on", "--racing", "off",
              "--dns-servers", "127.0.0.1:5300,[::1]:54,192.0.2.1", "--attempt-delay", "150ms", "--tls-ca-file",
              "/ca.pem", "--transport-preference=udp,tcp", "--max-body-size", "2M", "--dns-tries", "5"});
  EXPECT_THAT(config.listen, ElementsAre("unix:/a", "127.0.0.1:0"));
  EXPECT_FALSE(config.broker.racing.parallel);
  ASSERT_EQ(config.broker.dns.servers.size(), 3U);
  EXPECT_EQ(config.broker.dns.servers[0].ToString(), "127.0.0.1:5300");
  EXPECT_EQ(config.broker.dns.servers[1].ToString(), "[::1]:54");
  EXPECT_EQ(config.broker.dns.servers[2].ToString(), "192.0.2.1:53");
  EXPECT_EQ(config.broker.racing.delay.without_estimate, milliseconds(150));
  EXPECT_EQ(config.broker.tls.ca_file, "/ca.pem");
  EXPECT_THAT(config.broker.location.transport_preference, ElementsAre(Transport::kUdp, Transport::kTcp));
  EXPECT_EQ(config.broker.framing.max_body_bytes, 2U << 20U);
  EXPECT_EQ(config.broker.dns.tries, 5);
}

TEST(CommandLineTest, NamesTheFlagWithABadValue) {
  for (const char* value : {"soon", "200", "-5s", "", "5 s", "99999999999999999h", "1.5s"}) {
    const EarlyExit exit = Refused({"--attempt-delay", value});
    EXPECT_EQ(exit.code, 2) << value;
    EXPECT_THAT(exit.text, HasSubstr("--attempt-delay")) << value;
  }
  EXPECT_THAT(Refused({"--dns-servers", "localhost"}).text, HasSubstr("dns-servers"));
  EXPECT_THAT(Refused({"--dns-servers", "127.0.0.1:0"}).text, HasSubstr("dns-servers"));
  EXPECT_THAT(Refused({"--racing", "maybe"}).text, HasSubstr("on or off"));
  EXPECT_THAT(Refused({"--transport-preference", "tls,tls"}).text, HasSubstr("transport-preference"));
}

TEST(CommandLineTest, RefusesUnknownFlagsAndStrayWords) {
  EXPECT_EQ(Refused({"--no-such-flag"}).code, 2);
  EXPECT_THAT(Refused({"--max-flow", "3"}).text, HasSubstr("did you mean \"max-flows\"?"));
  EXPECT_EQ(Refused({"stray"}).code, 2);
}

TEST(CommandLineTest, RefusesACertificateWithoutItsKey) {
  EXPECT_THAT(Refused({"--tls-certificate-file", "/c.pem"}).text, HasSubstr("tls-private-key-file"));
}

TEST(CommandLineTest, SetsHowMemoryForgets) {
  const ServiceConfig config = Parsed({"--history-half-life",     "5m",    "--history-lifetime",        "30m",
                                       "--history-max-hold",      "2m",    "--history-quick-hold",      "20s",
                                       "--history-least-slow",    "50ms",  "--history-max-unavailable", "2m",
                                       "--history-first-reprobe", "500ms", "--history-longest-reprobe", "30s",
                                       "--history-file",          "/m",    "--history-save-interval",   "10s"});
  const auto& history = config.broker.history;
  EXPECT_EQ(history.half_life, minutes(5));
  EXPECT_EQ(history.lifetime, minutes(30));
  EXPECT_EQ(history.max_hold, minutes(2));
  EXPECT_EQ(history.quick_hold, seconds(20));
  EXPECT_EQ(history.least_slow, milliseconds(50));
  EXPECT_EQ(history.max_unavailable, minutes(2));
  EXPECT_EQ(history.first_reprobe, milliseconds(500));
  EXPECT_EQ(history.longest_reprobe, seconds(30));
  EXPECT_EQ(config.history_file, "/m");
  EXPECT_EQ(config.history_save_interval, seconds(10));
}

TEST(CommandLineTest, KeepsMemoryInNoFileUnlessTold) {
  EXPECT_EQ(Parsed({}).history_file, "");
}

TEST(CommandLineTest, RefusesTimesOfMemoryThatMakeNoSense) {
  const std::vector<std::pair<const char*, const char*>> wrong = {
      {"--history-half-life", "0"},       {"--history-half-life", "9000h"},     {"--history-lifetime", "0"},
      {"--history-max-hold", "11m"},      {"--history-max-hold", "0"},          {"--history-quick-hold", "11m"},
      {"--history-first-reprobe", "1ms"}, {"--history-longest-reprobe", "20m"}, {"--history-save-interval", "1ms"}};
  for (const auto& [flag, value] : wrong) {
    const EarlyExit exit = Refused({flag, value});
    EXPECT_EQ(exit.code, 2) << flag << value;
    EXPECT_THAT(exit.text, testing::StartsWith(std::string(flag) + ": \"" + value + "\" is out of range; from "));
  }
  EXPECT_THAT(Refused({"--history-first-reprobe", "2m"}).text, HasSubstr("history-longest-reprobe: must not be less"));
  EXPECT_THAT(Refused({"--history-targets", "2G"}).text, HasSubstr("history-targets"));
  EXPECT_THAT(Refused({"--history-prefixes", "0"}).text, HasSubstr("history-prefixes"));
}

TEST(CommandLineTest, SaysWhatTheProcessWasStartedFor) {
  EXPECT_EQ(std::get<CommandLine>(Parse({})).purpose, Purpose::kServe);
  EXPECT_EQ(std::get<CommandLine>(Parse({"--check-config"})).purpose, Purpose::kCheckConfig);
  EXPECT_EQ(std::get<CommandLine>(Parse({"--print-config"})).purpose, Purpose::kPrintConfig);
  EXPECT_EQ(Refused({"--print-config", "--check-config"}).code, 2);
}

TEST(CommandLineTest, HelpTeachesEverySettingWithItsDefault) {
  const EarlyExit exit = Refused({"--help"});
  EXPECT_EQ(exit.code, 0);
  for (const Setting& setting : Settings()) EXPECT_THAT(exit.text, HasSubstr("--" + std::string(setting.name)));
  EXPECT_THAT(exit.text, HasSubstr("[200ms]"));
  EXPECT_THAT(exit.text, HasSubstr("[tls,tcp,udp]"));
  EXPECT_THAT(exit.text, HasSubstr("* error, warn or info [info]"));
}

TEST(SettingsTest, HaveUniqueNamesAndDefaultsThatParseToThemselves) {
  std::set<std::string_view> names;
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    ServiceConfig config;
    const std::string shown = setting.Show(config);
    if (shown.empty()) continue;
    EXPECT_TRUE(setting.Apply(shown, config)) << setting.name;
    EXPECT_EQ(setting.Show(config), shown) << setting.name;
  }
}

TEST(SettingsTest, HaveAPlaceOfTheirOwn) {
  ServiceConfig config;
  std::set<const void*> places;
  for (const Setting& setting : Settings()) {
    const void* const place = std::visit([&](auto in) -> const void* { return &in(config); }, setting.place);
    EXPECT_TRUE(places.insert(place).second) << setting.name;
  }
}

TEST(ListenEndpointTest, AllowsPortZeroOnlyForListening) {
  EXPECT_TRUE(ParseListenEndpoint("127.0.0.1:0"));
  EXPECT_TRUE(ParseListenEndpoint("[::1]:80"));
  EXPECT_FALSE(ParseListenEndpoint("::1:80"));
  EXPECT_FALSE(ParseListenEndpoint("127.0.0.1"));
  EXPECT_FALSE(ParseListenEndpoint("127.0.0.1:70000"));
  EXPECT_FALSE(ParseEndpoint("127.0.0.1:0", 53));
}

}  // namespace
}  // namespace flowbroker::config
