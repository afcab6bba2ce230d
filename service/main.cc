#include <cstdio>
#include <variant>

#include "service/config/command_line.h"
#include "service/runtime/daemon.h"
#include "service/runtime/process_setup.h"

namespace {

int Say(const flowbroker::config::EarlyExit& exit) {
  std::fputs(exit.text.c_str(), exit.code == 0 ? stdout : stderr);
  return exit.code;
}

int Run(const flowbroker::config::ServiceConfig& config) {
  flowbroker::runtime::RaiseDescriptorLimit();
  auto daemon = flowbroker::runtime::Daemon::Start(config);
  if (!daemon) {
    std::fprintf(stderr, "flowbrokerd: %s\n", daemon.error().detail.c_str());
    return 1;
  }
  std::printf("%s\n", (*daemon)->ReadyLine().c_str());
  std::fflush(stdout);
  flowbroker::runtime::WaitForStopSignal();
  (*daemon)->Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  flowbroker::runtime::PrepareSignals();
  const auto parsed = flowbroker::config::ParseCommandLine(argc, argv);
  if (const auto* const exit = std::get_if<flowbroker::config::EarlyExit>(&parsed)) return Say(*exit);
  return Run(std::get<flowbroker::config::ServiceConfig>(parsed));
}
