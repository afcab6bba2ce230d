#pragma once

#include <string>
#include <variant>

#include "service/config/service_config.h"

namespace flowbroker::config {

/// The process has nothing to do: `--help`, `--version`, or a command line that makes no sense.
struct EarlyExit {
  int code;          ///< 0 for help, 2 for an error
  std::string text;  ///< to stdout for code 0, else to stderr; ends with a line break
};

/// Reads the settings: defaults, then the file of `--config`, then the flags. Flags win over the file.
std::variant<ServiceConfig, EarlyExit> ParseCommandLine(int argc, const char* const* argv);

/// Whether the settings make sense together; the detail names the one that does not.
Expected<void> Validate(const ServiceConfig& config);

}  // namespace flowbroker::config
