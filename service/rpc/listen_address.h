#pragma once

#include <netdb.h>

#include <string>

#include "broker/base/expected.h"

namespace flowbroker::rpc {

/// Makes sure that gRPC can listen on `address` ("unix:/path" or "host:port"), or says clearly why not: gRPC itself
/// only says that no address could be added, and takes a Unix socket away from another process that is using it. For a
/// Unix socket also makes its directory (mode 0700) and removes a socket nobody listens on.
Expected<void> PrepareListenAddress(const std::string& address);

/// Whether all addresses that `address` stands for can be listened on; `first` is the first of them. gRPC is content
/// with one, so that callers who find the others would meet nobody, or somebody else.
Expected<void> CanListenOnAll(const std::string& address, const addrinfo& first);

}  // namespace flowbroker::rpc
