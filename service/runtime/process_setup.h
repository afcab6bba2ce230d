#pragma once

#include <cstddef>

namespace flowbroker::runtime {

/// Prepares the process before any thread is started: stop signals are blocked in all threads, so that only
/// WaitForStopSignal sees them, and SIGPIPE is ignored.
void PrepareSignals();

/// Raises the soft limit of open descriptors to the hard one, since every flow costs one; gives the limit in force.
std::size_t RaiseDescriptorLimit();

/// Blocks until SIGTERM or SIGINT came; gives its number. The next such signal then ends the process at once.
int WaitForStopSignal();

}  // namespace flowbroker::runtime
