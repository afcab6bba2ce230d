#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "broker/base/time.h"

namespace flowbroker::runtime {

/// What somebody wants of the process.
enum class ProcessSignal : std::uint8_t {
  kStop,    ///< SIGTERM, SIGINT
  kReload,  ///< SIGHUP
};

/// Prepares the process before any thread is started: the signals above are blocked in all threads, so that only
/// WaitForSignal sees them, and SIGPIPE is ignored.
void PrepareSignals();

/// Raises the soft limit of open descriptors to the hard one, since every flow costs one; gives the limit in force.
std::size_t RaiseDescriptorLimit();

/// Blocks until one of them came, or nothing did for `patience` (absent: as long as it takes). After kStop the next
/// SIGTERM or SIGINT ends the process at once.
std::optional<ProcessSignal> WaitForSignal(std::optional<Duration> patience);

}  // namespace flowbroker::runtime
