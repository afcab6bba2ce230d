#pragma once

#include <span>

#include "service/config/setting.h"

namespace flowbroker::config {

/// Those of flow sets; part of Settings().
std::span<const Setting> OutboundSettings();

}  // namespace flowbroker::config
