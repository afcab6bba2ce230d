#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "service/config/config_loader.h"
#include "service/config/setting.h"

namespace flowbroker::config {
namespace {

// deploy/flowbroker.yaml is for people to read and to change: every setting, commented out, with its default.

std::string Example() {
  const std::ifstream file(FLOWBROKER_EXAMPLE_CONFIG);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string_view KindOf(const Setting& setting) {
  struct Name {
    std::string_view operator()(Place<bool>) const { return "On or off"; }
    std::string_view operator()(Place<int>) const { return "A number"; }
    std::string_view operator()(Place<std::size_t>) const { return "A number"; }
    std::string_view operator()(Place<Duration>) const { return "A time"; }
    std::string_view operator()(Place<std::string>) const { return "A text"; }
    std::string_view operator()(Place<LogLevel>) const { return "One word"; }
    std::string_view operator()(Place<flow::KeepAliveMethod>) const { return "One word"; }
    std::string_view operator()(Place<std::vector<std::string>>) const { return "A list"; }
    std::string_view operator()(Place<std::vector<Endpoint>>) const { return "A list"; }
    std::string_view operator()(Place<std::vector<Transport>>) const { return "A list"; }
    std::string_view operator()(Place<std::vector<location::EgressRule>>) const { return "A list"; }
    std::string_view operator()(Place<std::vector<flow::EdgeListener>>) const { return "A list"; }
    std::string_view operator()(Place<std::vector<std::uint32_t>>) const { return "A list"; }
  };
  return std::visit(Name{}, setting.place);
}

/// What the example says of a setting.
std::string Stanza(const Setting& setting) {
  const ServiceConfig defaults;
  const std::string range = setting.Range();
  const std::string value = setting.name == "listen" ? "unix:/run/flowbroker/flowbroker.sock" : setting.Show(defaults);
  return "# " + std::string(setting.help) + "\n# " + std::string(KindOf(setting)) +
         (range.empty() ? "" : ", " + range) + (setting.live ? "; changes with SIGHUP" : "") + ".\n#" +
         std::string(setting.name) + ":" + (value.empty() ? "" : " " + value) + "\n";
}

/// The example with every setting made.
std::string Uncommented() {
  std::istringstream example(Example());
  std::string text;
  for (std::string line; std::getline(example, line);) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    text += (is_setting ? line.substr(1) : line) + "\n";
  }
  return text;
}

TEST(ExampleConfigTest, ExplainsEverySettingWithItsDefault) {
  const std::string example = Example();
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(example.find("\n" + Stanza(setting)) != std::string::npos) << "deploy/flowbroker.yaml should say:\n"
                                                                           << Stanza(setting);
  }
}

TEST(ExampleConfigTest, SetsNothingAndNamesNothingElse) {
  LoadedConfig as_it_is;
  ApplyYaml(Example(), "flowbroker.yaml", as_it_is);
  EXPECT_THAT(as_it_is.problems, testing::IsEmpty());
  EXPECT_THAT(as_it_is.origins, testing::IsEmpty());
  LoadedConfig uncommented;
  ApplyYaml(Uncommented(), "flowbroker.yaml", uncommented);
  EXPECT_THAT(uncommented.problems, testing::IsEmpty());
  EXPECT_EQ(uncommented.origins.size(), Settings().size());
}

}  // namespace
}  // namespace flowbroker::config
