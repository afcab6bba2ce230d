#pragma once

#include <ostream>

#include "clients/cli/command_line.h"

namespace flowbroker::cli {

/// POST /drain at the admin port, over HTTP: works while gRPC is closed to this caller, and needs no shell around it.
/// kOk once the broker drains; kBrokerUnreachable, kDeadlineExceeded or kOther with a sentence on `err`.
ExitCode RunDrain(const Invocation& asked, std::ostream& out, std::ostream& err);

}  // namespace flowbroker::cli
