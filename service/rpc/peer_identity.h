#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "broker/base/expected.h"

namespace flowbroker::rpc {

/// The tenant of whoever made the call, by its connection alone: empty for one without TLS (a Unix socket, a plaintext
/// port, this process itself), else the identity in the certificate that the handshake has verified. Failures say why
/// the certificate gives none.
Expected<std::string> TenantOf(grpc::ServerContext& context);

}  // namespace flowbroker::rpc
