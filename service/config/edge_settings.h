#pragma once

#include <span>

#include "service/config/setting.h"

namespace flowbroker::config {

/// Those of user agents, their flows and their bindings; part of Settings().
std::span<const Setting> EdgeSettings();

}  // namespace flowbroker::config
