#pragma once

#include <string>

#include "broker/base/expected.h"

namespace flowbroker::rpc {

/// Makes sure that gRPC can listen on `address` ("unix:/path" or "host:port"), or says clearly why not: gRPC itself
/// only says that no address could be added, and takes a Unix socket away from another process that is using it. For a
/// Unix socket also makes its directory (mode 0700) and removes a socket nobody listens on.
Expected<void> PrepareListenAddress(const std::string& address);

}  // namespace flowbroker::rpc
