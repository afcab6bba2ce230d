#include "service/config/command_line.h"

#include <CLI/CLI.hpp>

#include "service/config/setting.h"
#include "service/config/value_text.h"

namespace flowbroker::config {
namespace {

constexpr const char* kAbout =
    "flowbrokerd gives SIP servers ready flows: it resolves, races, remembers and relays.\n"
    "Times are written as 200ms, 5s, 10m or 1h, sizes as 500, 64K or 1M, lists with commas or by repeating "
    "the\noption.\n"
    "Every option is also a key of the YAML file given with --config (\"racing: off\"); options win over the file.\n"
    "SIGHUP reads the file again: what is marked * changes at once, the rest with the next start.";
constexpr const char* kVersion = "flowbrokerd 0.1.0";

std::string HelpOf(const Setting& setting, const ServiceConfig& defaults) {
  const std::string range = setting.Range();
  const std::string value = setting.name == "listen" ? ValueText(DefaultListen(defaults)) : setting.Show(defaults);
  return (setting.live ? "* " : "") + std::string(setting.help) + (range.empty() ? "" : "; " + range) +
         (value.empty() ? "" : " [" + value + "]");
}

void AddFlags(CLI::App& app, ConfigSources& sources) {
  const ServiceConfig defaults;
  for (const Setting& setting : Settings()) {
    CLI::Option* const option = app.add_option("--" + std::string(setting.name), sources.flags[setting.name]);
    option->description(HelpOf(setting, defaults))->group(std::string(setting.group))->type_name("");
    option->expected(1)->allow_extra_args(false)->multi_option_policy(
        setting.is_list() ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
  }
}

EarlyExit Wrong(const CLI::App& app, const CLI::ParseError& error) {
  std::string hint = "Try --help.";
  if (const auto stray = app.remaining(); !stray.empty() && stray.front().starts_with("--")) {
    hint = SuggestSetting(stray.front().substr(2, stray.front().find('=') - 2));
  }
  return {2, std::string("flowbrokerd: ") + error.what() + "\n" + hint + "\n"};
}

}  // namespace

std::variant<CommandLine, EarlyExit> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app(kAbout, "flowbrokerd");
  CommandLine line;
  app.add_option("--config", line.sources.file, "YAML file of settings")->type_name("");
  bool check = false;
  bool print = false;
  auto* const checking =
      app.add_flag("--check-config", check, "say what is wrong with the settings and the files they name, and end");
  app.add_flag("--print-config", print, "show the settings in force as YAML, and where each comes from")
      ->excludes(checking);
  app.set_version_flag("--version", kVersion);
  AddFlags(app, line.sources);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return EarlyExit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return EarlyExit{0, std::string(kVersion) + "\n"};
  } catch (const CLI::ParseError& wrong) {
    return Wrong(app, wrong);
  }
  if (check) line.purpose = Purpose::kCheckConfig;
  if (print) line.purpose = Purpose::kPrintConfig;
  std::erase_if(line.sources.flags, [](const auto& flag) { return flag.second.empty(); });
  return line;
}

}  // namespace flowbroker::config
