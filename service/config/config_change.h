#pragma once

#include <string_view>
#include <vector>

#include "service/config/service_config.h"

namespace flowbroker::config {

/// Names of settings whose value is another one now.
struct ConfigChange {
  std::vector<std::string_view> changed;        ///< taken
  std::vector<std::string_view> needs_restart;  ///< left as they were
};

/// Puts those settings of `next` into `running` that can change while the process runs.
ConfigChange TakeLiveSettings(const ServiceConfig& next, ServiceConfig& running);

}  // namespace flowbroker::config
