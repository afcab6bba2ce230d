#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "service/config/config_loader.h"

namespace flowbroker::config {

/// The process has nothing to do: `--help`, `--version`, or a command line that makes no sense.
struct EarlyExit {
  int code;          ///< 0 for help, 2 for an error
  std::string text;  ///< to stdout for code 0, else to stderr; ends with a line break
};

/// What the process was started for.
enum class Purpose : std::uint8_t {
  kServe,
  kCheckConfig,  ///< say what is wrong with the settings, and end
  kPrintConfig,  ///< say what the settings are, and end
};

struct CommandLine {
  Purpose purpose = Purpose::kServe;
  ConfigSources sources;
};

/// Reads the command line; the values of settings are not looked at yet.
std::variant<CommandLine, EarlyExit> ParseCommandLine(int argc, const char* const* argv);

}  // namespace flowbroker::config
