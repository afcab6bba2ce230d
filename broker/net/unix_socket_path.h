#pragma once

#include <string>

#include "broker/base/expected.h"

namespace flowbroker::net {

/// Makes room for a Unix socket at `path`: makes its directory (mode 0700) and removes a socket that nobody listens on.
/// Fails where another process listens there, a file is in the way, or the directory is a stranger's. The detail says
/// what, and what to do; it does not name the path.
Expected<void> PrepareUnixSocketPath(const std::string& path);

}  // namespace flowbroker::net
