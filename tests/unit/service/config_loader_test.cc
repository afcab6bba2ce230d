#include "service/config/config_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "service/config/config_change.h"
#include "service/config/setting.h"
#include "service/config/validation.h"
#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

LoadedConfig FromYaml(const std::string& text) {
  LoadedConfig loaded;
  ApplyYaml(text, "f.yaml", loaded);
  return loaded;
}

std::vector<std::string> Problems(const std::string& yaml) {
  return FromYaml(yaml).problems;
}

class ConfigLoaderTest : public testing::Test {
 protected:
  /// Loads a file with `text`, and `flags`.
  LoadedConfig Load(const std::string& text, decltype(ConfigSources::flags) flags = {}) {
    std::ofstream(file_) << text;
    return LoadConfig({.file = file_, .flags = std::move(flags)});
  }

  ScratchDirectory directory_;
  const std::string file_ = directory_ / "f.yaml";
};

TEST_F(ConfigLoaderTest, TakesDefaultsThenTheFileThenTheFlags) {
  const LoadedConfig loaded = Load("racing: off\nconnect-timeout: 3s\n", {{"connect-timeout", {"4s"}}});
  ASSERT_THAT(loaded.problems, IsEmpty());
  EXPECT_FALSE(loaded.config.broker.racing.parallel);
  EXPECT_EQ(loaded.config.broker.racing.connect_timeout, seconds(4));
  EXPECT_EQ(loaded.config.broker.racing.delay.without_estimate, milliseconds(200));
}

TEST_F(ConfigLoaderTest, FindsEveryProblemNotOnlyTheFirst) {
  const LoadedConfig loaded = Load("racign: off\nracing: perhaps\ntls-certificate-file: /c\n", {{"shards", {"1000"}}});
  EXPECT_THAT(
      loaded.problems,
      ElementsAre(file_ + ":1: racign: unknown key; did you mean \"racing\"?",
                  file_ + ":2: racing: \"perhaps\" is not on or off", "--shards: \"1000\" is out of range; at most 256",
                  file_ + ":3: tls-certificate-file: needs tls-private-key-file too; all of them or none"));
}

TEST_F(ConfigLoaderTest, AProblemOfSeveralSettingsNamesALineThatCanBeMended) {
  EXPECT_THAT(Load("max-flows: 5\ngrpc-client-ca-file: /a\n").problems,
              ElementsAre(file_ + ":2: grpc-client-ca-file: needs grpc-certificate-file and grpc-private-key-file too; "
                                  "all of them or none"));
  EXPECT_THAT(
      Load("\nhistory-longest-reprobe: 1s\nhistory-first-reprobe: 2s\n").problems,
      ElementsAre(file_ + ":2: history-longest-reprobe: must not be less than history-first-reprobe, which is 2s"));
  EXPECT_THAT(Load("history-first-reprobe: 6m\n").problems, ElementsAre(StartsWith("history-longest-reprobe: ")));
}

TEST_F(ConfigLoaderTest, RefusesTlsAndPlaintextTogether) {
  const std::string tls = "grpc-certificate-file: /c\ngrpc-private-key-file: /k\ngrpc-client-ca-file: /a\n";
  EXPECT_THAT(Load(tls).problems, IsEmpty());
  EXPECT_THAT(Load(tls + "grpc-plaintext: on\n").problems, ElementsAre(StartsWith(file_ + ":4: grpc-plaintext: ")));
}

TEST_F(ConfigLoaderTest, RefusesAddressesThatAreNone) {
  EXPECT_THAT(Load("listen: ['unix:', 'unix:/" + std::string(200, 'x') + "', nonsense, ':7460', 'host:']\n").problems,
              testing::SizeIs(5));
  EXPECT_THAT(Load("admin: localhost\n").problems, ElementsAre(StartsWith(file_ + ":1: admin: \"localhost\" is not")));
  EXPECT_THAT(Load("admin: off\n").problems, IsEmpty());
}

TEST_F(ConfigLoaderTest, AFileThatIsNoneIsAProblemThatNamesIt) {
  for (const std::string& path : {directory_ / "missing", directory_ / ""}) {
    EXPECT_THAT(LoadConfig({.file = path}).problems, ElementsAre(StartsWith(path + ": cannot be read"))) << path;
  }
  EXPECT_THAT(Load(std::string((1U << 20U) + 1, '#')).problems, ElementsAre(HasSubstr("too large")));
}

TEST_F(ConfigLoaderTest, PrintsWhereEachSettingComesFrom) {
  const std::string text = PrintConfig(Load("# comment\nracing: off\n", {{"max-flows", {"7"}}}));
  EXPECT_THAT(text, HasSubstr("\nracing: off  # " + file_ + ":2\n"));
  EXPECT_THAT(text, HasSubstr("\nmax-flows: 7  # --max-flows\n"));
  EXPECT_THAT(text, HasSubstr("\ndrain-timeout: 5s  # default\n"));
}

TEST_F(ConfigLoaderTest, PrintsAFileThatGivesTheSameSettings) {
  const LoadedConfig loaded = Load(
      "listen: ['unix:/a b', '[::1]:0']\ngrpc-plaintext: on\ndns-servers: '[::1]:53,127.0.0.1:54'\n"
      "egress-allow: ['[2001:db8::/32]:5060-5080', 10.0.0.0/8]\noperators: 'spiffe://a/b: #c'\nhistory-file: \"\"\n");
  ASSERT_THAT(loaded.problems, IsEmpty());
  const LoadedConfig again = Load(PrintConfig(loaded));
  ASSERT_THAT(again.problems, IsEmpty());
  EXPECT_EQ(again.origins.size(), Settings().size());
  for (const Setting& setting : Settings()) EXPECT_EQ(setting.Show(again.config), setting.Show(loaded.config));
}

TEST(ApplyYamlTest, SetsWhatTheKeysSay) {
  const LoadedConfig loaded = FromYaml(
      "# comment\nracing: off\nlisten:\n  - unix:/a\n  - 127.0.0.1:1\nconnect-timeout: 3s\n"
      "dns-servers: [127.0.0.1:5300, 127.0.0.2:5300]\nadmin: off\n");
  ASSERT_THAT(loaded.problems, IsEmpty());
  EXPECT_FALSE(loaded.config.broker.racing.parallel);
  EXPECT_THAT(loaded.config.listen, ElementsAre("unix:/a", "127.0.0.1:1"));
  EXPECT_EQ(loaded.config.broker.racing.connect_timeout, seconds(3));
  EXPECT_EQ(loaded.config.broker.dns.servers.size(), 2U);
  EXPECT_EQ(loaded.config.admin, "off");
}

TEST(ApplyYamlTest, AnEmptyFileChangesNothing) {
  EXPECT_THAT(Problems(""), IsEmpty());
  EXPECT_THAT(Problems("# only a comment\n"), IsEmpty());
}

TEST(ApplyYamlTest, AProblemIsOneLineWhateverTheKeyOrValueContains) {
  EXPECT_THAT(Problems("\"a\\nb\": 1\n"), ElementsAre(HasSubstr("a?b: unknown key")));
  EXPECT_THAT(Problems("racing: \"\\e[2J\\nf.yaml:9: all is well\"\n"), ElementsAre(HasSubstr("\"?[2J?f.yaml")));
}

TEST(ApplyYamlTest, SuggestsTheNearestSettingOnlyWhereOneIsNear) {
  EXPECT_THAT(Problems("max-flow: 1\n"), ElementsAre(HasSubstr("did you mean \"max-flows\"?")));
  EXPECT_THAT(Problems("dns_timeout: 1s\n"), ElementsAre(HasSubstr("did you mean \"dns-timeout\"?")));
  EXPECT_THAT(Problems("colour-of-the-sky: blue\n"), ElementsAre(HasSubstr("unknown key; flowbrokerd --help lists")));
  EXPECT_THAT(Problems(std::string(1000, 'x') + ": 1\n"), ElementsAre(HasSubstr("unknown key")));
}

TEST(ApplyYamlTest, RefusesASettingMadeTwice) {
  EXPECT_THAT(Problems("racing: on\nmax-flows: 1\nracing: off\n"),
              ElementsAre("f.yaml:3: racing: already set at f.yaml:1; once is allowed"));
}

TEST(ApplyYamlTest, NamesFileAndLineOfAMalformedValue) {
  EXPECT_THAT(Problems("\n\nconnect-timeout: fast\n"), ElementsAre(StartsWith("f.yaml:3: connect-timeout: \"fast\"")));
  EXPECT_THAT(Problems("listen: {a: b}\n"), ElementsAre(StartsWith("f.yaml:1: listen: ")));
  EXPECT_THAT(Problems("[a]: b\n"), ElementsAre(StartsWith("f.yaml:1: ")));
}

TEST(ApplyYamlTest, RefusesWhatIsNotAMap) {
  EXPECT_THAT(Problems("just words\n"), ElementsAre(StartsWith("f.yaml:1: ")));
  EXPECT_THAT(Problems("- a\n- b\n"), ElementsAre(StartsWith("f.yaml:1: ")));
  EXPECT_THAT(Problems("a: [1,\n"), ElementsAre(StartsWith("f.yaml:")));
}

TEST(ApplyYamlTest, AFileMeantToHurtDoesNot) {
  EXPECT_THAT(Problems(std::string(100'000, '[')), testing::SizeIs(1));
  EXPECT_THAT(Problems("a: &a [x,x]\nb: &b [*a,*a]\nlisten: [*b,*b]\n"), testing::SizeIs(3));
  EXPECT_THAT(Problems(std::string("racing: \0on\n", 12)), testing::SizeIs(1));
}

TEST(ConfigChangeTest, TakesWhatIsLiveAndNamesWhatIsNot) {
  ServiceConfig running;
  ServiceConfig next;
  next.log_level = LogLevel::kError;
  next.broker.live.max_flows_per_tenant = 3;
  next.broker.shards = 7;
  const ConfigChange change = TakeLiveSettings(next, running);
  EXPECT_THAT(change.changed, ElementsAre("log-level", "tenant-flows"));
  EXPECT_THAT(change.needs_restart, ElementsAre("shards"));
  EXPECT_EQ(running.log_level, LogLevel::kError);
  EXPECT_EQ(running.broker.live.max_flows_per_tenant, 3U);
  EXPECT_EQ(running.broker.shards, 0U);
  // What still waits for a restart is said again, what was taken is not.
  const ConfigChange again = TakeLiveSettings(next, running);
  EXPECT_THAT(again.changed, IsEmpty());
  EXPECT_THAT(again.needs_restart, ElementsAre("shards"));
}

TEST(ConfigChangeTest, AListCanBeEmptiedAgain) {
  ServiceConfig running;
  running.operators = {"spiffe://a/b"};
  EXPECT_THAT(TakeLiveSettings(ServiceConfig{}, running).changed, ElementsAre("operators"));
  EXPECT_THAT(running.operators, IsEmpty());
}

}  // namespace
}  // namespace flowbroker::config
