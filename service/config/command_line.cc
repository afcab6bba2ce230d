#include "service/config/command_line.h"

#include <CLI/CLI.hpp>
#include <map>

#include "service/config/config_file.h"
#include "service/config/setting.h"
#include "service/config/value_text.h"

namespace flowbroker::config {
namespace {

constexpr const char* kAbout =
    "flowbrokerd gives SIP servers ready flows: it resolves, races, remembers and relays.\n"
    "Times are written as 200ms, 5s, 10m or 1h, sizes as 500, 64K or 1M, lists with commas.\n"
    "Every option is also a key of the YAML file given with --config (\"racing: off\"); options win over the file.";
constexpr const char* kVersion = "flowbrokerd 0.1.0";

/// Entries of memory have 32-bit numbers.
constexpr std::size_t kMostRemembered = std::size_t{1} << 30U;

/// What was given for each flag, in order.
using GivenFlags = std::map<const Setting*, std::vector<std::string>>;

std::string Join(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ",") + value;
  return text;
}

std::string HelpOf(const Setting& setting, ServiceConfig& defaults) {
  const std::string value = setting.name == "listen" ? Join(DefaultListen()) : setting.Show(defaults);
  return std::string(setting.help) + (value.empty() ? "" : " [" + value + "]");
}

void AddFlags(CLI::App& app, GivenFlags& given) {
  ServiceConfig defaults;
  for (const Setting& setting : Settings()) {
    CLI::Option* const option = app.add_option("--" + std::string(setting.name), given[&setting]);
    option->description(HelpOf(setting, defaults))->group(std::string(setting.group))->type_name("");
    option->expected(1)->multi_option_policy(setting.is_list() ? CLI::MultiOptionPolicy::TakeAll
                                                               : CLI::MultiOptionPolicy::TakeLast);
  }
}

Expected<ServiceConfig> Build(const std::string& file, const GivenFlags& given) {
  ServiceConfig config;
  if (!file.empty()) {
    if (auto applied = ApplyConfigFile(file, config); !applied) return Unexpected(applied.error());
  }
  for (const auto& [setting, values] : given) {
    if (values.empty()) continue;
    if (auto applied = setting->Apply(Join(values), config); !applied) {
      return Unexpected({applied.error().reason, "--" + applied.error().detail});
    }
  }
  if (config.listen.empty()) config.listen = DefaultListen();
  if (auto valid = Validate(config); !valid) return Unexpected(valid.error());
  return config;
}

Unexpected Wrong(const std::string& what) {
  return Unexpected({FailureReason::kInvalidArgument, what});
}

/// A time that has to lie in a range, whose ends are written as an operator would.
struct BoundedTime {
  const char* name;
  Duration value;
  const char* least;
  const char* most;
};

Expected<void> Validate(const BoundedTime& time) {
  Duration least{};
  Duration most{};
  if (ParseValue(time.least, least) && ParseValue(time.most, most) && time.value >= least && time.value <= most) {
    return {};
  }
  return Wrong(std::string(time.name) + ": from " + time.least + " to " + time.most);
}

Expected<void> ValidateHistory(const ServiceConfig& config) {
  const history::HistoryOptions& history = config.broker.history;
  if (history.ipv4_prefix_bits > 32) return Wrong("history-ipv4-prefix: at most 32");
  if (history.ipv6_prefix_bits > 128) return Wrong("history-ipv6-prefix: at most 128");
  for (const std::size_t size : {history.max_targets, history.max_prefixes}) {
    if (size == 0 || size > kMostRemembered) return Wrong("history-targets and history-prefixes: from 1 to 1G");
  }
  for (const BoundedTime& time : {BoundedTime{"history-half-life", history.half_life, "1s", "8760h"},
                                  BoundedTime{"history-lifetime", history.lifetime, "1s", "8760h"},
                                  // H3: "at least every 10 minutes".
                                  BoundedTime{"history-max-hold", history.max_hold, "1s", "10m"},
                                  BoundedTime{"history-quick-hold", history.quick_hold, "1s", "10m"},
                                  BoundedTime{"history-least-slow", history.least_slow, "1ms", "10s"},
                                  BoundedTime{"history-max-unavailable", history.max_unavailable, "1s", "24h"},
                                  BoundedTime{"history-first-reprobe", history.first_reprobe, "100ms", "10m"},
                                  BoundedTime{"history-longest-reprobe", history.longest_reprobe, "100ms", "10m"},
                                  BoundedTime{"history-save-interval", config.history_save_interval, "100ms", "24h"}}) {
    if (auto valid = Validate(time); !valid) return valid;
  }
  if (history.longest_reprobe < history.first_reprobe) {
    return Wrong("history-longest-reprobe: must not be less than history-first-reprobe");
  }
  return {};
}

}  // namespace

Expected<void> Validate(const ServiceConfig& config) {
  const auto& broker = config.broker;
  if (broker.tls.certificate_file.empty() != broker.tls.private_key_file.empty()) {
    return Wrong("tls-certificate-file and tls-private-key-file need each other");
  }
  if (auto valid = ValidateHistory(config); !valid) return valid;
  if (broker.shards > 256) return Wrong("shards: at most 256");
  if (config.completion_queues > 256) return Wrong("completion-queues: at most 256");
  if (config.max_deadline <= Duration::zero()) return Wrong("max-deadline: must be more than 0");
  if (config.relay_queue_bytes == 0 || config.relay_queue_messages == 0) {
    return Wrong("relay-queue-bytes and relay-queue-messages: must be more than 0");
  }
  if (config.watch_queue_events == 0) return Wrong("watch-queue-events: must be more than 0");
  if (broker.racing.max_parallel == 0) return Wrong("max-parallel-attempts: must be more than 0");
  return {};
}

std::variant<ServiceConfig, EarlyExit> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app(kAbout, "flowbrokerd");
  std::string file;
  GivenFlags given;
  app.add_option("--config", file, "YAML file of settings")->type_name("");
  app.set_version_flag("--version", kVersion);
  AddFlags(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return EarlyExit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return EarlyExit{0, std::string(kVersion) + "\n"};
  } catch (const CLI::ParseError& wrong) {
    return EarlyExit{2, std::string("flowbrokerd: ") + wrong.what() + "\nTry --help.\n"};
  }
  auto config = Build(file, given);
  if (!config) return EarlyExit{2, "flowbrokerd: " + config.error().detail + "\n"};
  return *std::move(config);
}

}  // namespace flowbroker::config
