#include <cstdio>
#include <string>
#include <variant>

#include "service/config/command_line.h"
#include "service/config/config_loader.h"
#include "service/config/setting.h"
#include "service/runtime/file_check.h"
#include "service/runtime/process_setup.h"
#include "service/runtime/serve.h"

namespace {

namespace config = flowbroker::config;
namespace runtime = flowbroker::runtime;

constexpr int kBadConfiguration = 2;

int Say(const config::EarlyExit& exit) {
  std::fputs(exit.text.c_str(), exit.code == 0 ? stdout : stderr);
  return exit.code;
}

int SayProblems(const config::LoadedConfig& loaded) {
  return Say({kBadConfiguration, loaded.Problems()});
}

int CheckConfig(config::LoadedConfig loaded) {
  for (const config::Problem& problem : runtime::CheckFiles(loaded.config)) loaded.Report(problem);
  if (!loaded.problems.empty()) return SayProblems(loaded);
  return Say({0, "ok: " + std::to_string(loaded.origins.size()) + " of " + std::to_string(config::Settings().size()) +
                     " settings are set, the others are defaults\n"});
}

int Run(const config::CommandLine& line) {
  const config::LoadedConfig loaded = config::LoadConfig(line.sources);
  if (line.purpose == config::Purpose::kCheckConfig) return CheckConfig(loaded);
  if (!loaded.problems.empty()) return SayProblems(loaded);
  if (line.purpose == config::Purpose::kPrintConfig) return Say({0, PrintConfig(loaded)});
  return runtime::Serve(loaded.config, line.sources);
}

}  // namespace

int main(int argc, char** argv) {
  runtime::PrepareSignals();
  const auto parsed = config::ParseCommandLine(argc, argv);
  if (const auto* const exit = std::get_if<config::EarlyExit>(&parsed)) return Say(*exit);
  return Run(std::get<config::CommandLine>(parsed));
}
