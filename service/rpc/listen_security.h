#pragma once

#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "service/config/service_config.h"
#include "service/rpc/server_certificate.h"

namespace flowbroker::rpc {

/// How gRPC is protected where it is listened on. A Unix socket has the permissions of its file; a port has TLS with
/// certificates on both sides, or, where an operator has asked for that, nothing.
struct ListenSecurity {
  bool tls = false;                        ///< of the ports
  std::vector<std::string> warnings = {};  ///< a sentence each
};

/// Fails where a port would be open to everybody without having been asked to be, or some of the three files are
/// missing; the detail says which settings to set.
Expected<ListenSecurity> SecurityOf(const config::ServiceConfig& config);

bool IsUnixSocket(const std::string& address);

CertificateFiles FilesOf(const config::ServiceConfig& config);

}  // namespace flowbroker::rpc
