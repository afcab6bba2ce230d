#pragma once

#include "service/telemetry/process_metrics.h"

namespace flowbroker::runtime {

/// What this program was built from, and the libraries it runs with.
telemetry::BuildInfo ThisBuild();

}  // namespace flowbroker::runtime
