#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "clients/cli/drain.h"
#include "clients/cli/session.h"

namespace flowbroker::cli {
namespace {

std::size_t TerminalColumns() {
  if (const char* given = std::getenv("COLUMNS"); given != nullptr) {
    if (const int columns = std::atoi(given); columns > 0) return static_cast<std::size_t>(columns);
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 100;
}

bool MayColour() {
  const char* forbidden = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (forbidden == nullptr || *forbidden == '\0');
}

int Main(int argc, char** argv) {
  const Parsed parsed = ParseCommandLine(argc, argv);
  if (!parsed.invocation) {
    (parsed.code == ExitCode::kOk ? std::cout : std::cerr) << parsed.text;
    return static_cast<int>(parsed.code);
  }
  if (parsed.invocation->command == Command::kDrain) {
    return static_cast<int>(RunDrain(*parsed.invocation, std::cout, std::cerr));
  }
  Session session(*parsed.invocation, std::cout, std::cerr, {.columns = TerminalColumns(), .colour = MayColour()});
  const ExitCode code = Run(session);
  std::cout.flush();
  return static_cast<int>(code);
}

}  // namespace
}  // namespace flowbroker::cli

int main(int argc, char** argv) {
  return flowbroker::cli::Main(argc, argv);
}
