#pragma once

#include <string>

#include "broker/base/expected.h"
#include "service/config/service_config.h"

namespace flowbroker::config {

/// Applies the settings of a YAML document, a flat map from setting names to values ("racing: off"), to `config`. A
/// key that is no setting, a nested map and a malformed value are errors that name `file` and the line.
Expected<void> ApplyYaml(const std::string& text, const std::string& file, ServiceConfig& config);

/// The same for the file at `path`.
Expected<void> ApplyConfigFile(const std::string& path, ServiceConfig& config);

}  // namespace flowbroker::config
