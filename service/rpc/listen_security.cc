#include "service/rpc/listen_security.h"

namespace flowbroker::rpc {
namespace {

/// The settings of TLS that are empty, for a sentence.
std::string MissingFiles(const config::ServiceConfig& config) {
  std::string missing;
  const auto look = [&missing](const char* setting, const std::string& file) {
    if (!file.empty()) return;
    missing += (missing.empty() ? "" : ", ") + std::string(setting);
  };
  look("grpc-certificate-file", config.grpc_certificate_file);
  look("grpc-private-key-file", config.grpc_private_key_file);
  look("grpc-client-ca-file", config.grpc_client_ca_file);
  return missing;
}

bool HasAnyFile(const config::ServiceConfig& config) {
  return !config.grpc_certificate_file.empty() || !config.grpc_private_key_file.empty() ||
         !config.grpc_client_ca_file.empty();
}

}  // namespace

bool IsUnixSocket(const std::string& address) {
  return address.starts_with("unix:");
}

CertificateFiles FilesOf(const config::ServiceConfig& config) {
  return {config.grpc_certificate_file, config.grpc_private_key_file, config.grpc_client_ca_file};
}

Expected<ListenSecurity> SecurityOf(const config::ServiceConfig& config) {
  const std::string missing = MissingFiles(config);
  ListenSecurity security{.tls = missing.empty()};
  if (HasAnyFile(config) && !security.tls) {
    return Unexpected({FailureReason::kInvalidArgument, "gRPC over TLS also needs " + missing});
  }
  for (const std::string& address : config.listen) {
    if (IsUnixSocket(address) || security.tls) continue;
    if (!config.grpc_plaintext) {
      return Unexpected({FailureReason::kInvalidArgument,
                         "cannot listen on " + address + " without TLS: set " + missing +
                             ", or grpc-plaintext to let whoever reaches the port use every flow, or listen on a Unix "
                             "socket only"});
    }
    security.warnings.push_back("gRPC on " + address +
                                " is not encrypted, and whoever reaches it is taken for the operator");
  }
  return security;
}

}  // namespace flowbroker::rpc
