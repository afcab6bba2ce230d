// Any octets as a configuration file: they are read to the end, every problem is one line, and what is accepted can be
// printed and read again without a change.

#include <cstddef>
#include <cstdint>
#include <string>

#include "service/config/config_loader.h"
#include "service/config/setting.h"
#include "service/config/validation.h"
#include "tests/fuzz/require.h"

namespace config = flowbroker::config;
using flowbroker::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  config::LoadedConfig loaded;
  config::ApplyYaml(text, "file", loaded);
  for (const std::string& problem : loaded.problems) {
    Require(problem.starts_with("file:") || problem.starts_with("file "), "a problem says where it is");
    Require(problem.find('\n') == std::string::npos, "a problem is one line");
  }
  config::Validate(loaded.config);
  if (!loaded.problems.empty()) return 0;

  config::LoadedConfig again;
  config::ApplyYaml(config::PrintConfig(loaded), "printed", again);
  Require(again.problems.empty(), "what is printed can be read");
  for (const config::Setting& setting : config::Settings()) {
    Require(setting.Show(loaded.config) == setting.Show(again.config), "what is printed says the same");
  }
  return 0;
}
