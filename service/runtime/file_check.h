#pragma once

#include <vector>

#include "service/config/config_loader.h"

namespace flowbroker::runtime {

/// What is wrong with the files that settings name: certificates and tokens that cannot be read, a key that is another
/// certificate's, a place for memory that cannot be written. For `--check-config`; the start finds out by itself.
std::vector<config::Problem> CheckFiles(const config::ServiceConfig& config);

}  // namespace flowbroker::runtime
