#pragma once

#include "service/config/config_loader.h"

namespace flowbroker::runtime {

/// Runs a daemon with `settings` until a signal ends it, and says so on stdout, on stderr where it cannot start, and to
/// the service manager. SIGHUP loads from `sources` again. Returns the exit code of the process; PrepareSignals must
/// have been called.
int Serve(const config::ServiceConfig& settings, const config::ConfigSources& sources);

}  // namespace flowbroker::runtime
