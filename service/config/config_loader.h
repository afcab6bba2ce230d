#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "service/config/service_config.h"

namespace flowbroker::config {

/// What the command line said about settings. Kept while the process runs: SIGHUP loads from it again.
struct ConfigSources {
  std::string file = {};                                            ///< of --config; empty: none
  std::map<std::string_view, std::vector<std::string>> flags = {};  ///< what each given flag was given, in order
};

/// Something wrong with a setting. Where that takes several settings, it is the one that can be mended.
struct Problem {
  std::string_view setting;
  std::string what;  ///< what is wrong; what is allowed
};

/// The settings, where they come from, and everything that is wrong with them.
struct LoadedConfig {
  ServiceConfig config;                             ///< may be used when there are no problems
  std::map<std::string_view, std::string> origins;  ///< "flowbroker.yaml:12" or "--flag"; the others are defaults
  std::vector<std::string> problems;                ///< "flowbroker.yaml:12: key: what is wrong; what is allowed"

  void Report(const Problem& problem);
  /// All of them, one per line.
  std::string Problems() const;
};

/// Defaults, then the file, then the flags: flags win. Reads on after a problem, to find them all.
LoadedConfig LoadConfig(const ConfigSources& sources);

/// Applies the settings of a YAML document, a flat map from setting names to values ("racing: off"). Unknown and
/// repeated keys, nested maps and malformed values are problems; `file` names it in them.
void ApplyYaml(const std::string& text, const std::string& file, LoadedConfig& loaded);

/// The settings as a YAML file that gives the same ones, each with a comment that says where it comes from. Names of
/// files are shown, never what is in them.
std::string PrintConfig(const LoadedConfig& loaded);

}  // namespace flowbroker::config
