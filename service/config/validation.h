#pragma once

#include <vector>

#include "service/config/config_loader.h"

namespace flowbroker::config {

/// What is wrong with settings in combination, and with texts whose form the table does not know. Reads no file.
std::vector<Problem> Validate(const ServiceConfig& config);

}  // namespace flowbroker::config
