#include "service/runtime/file_check.h"

#include <fstream>
#include <string>

#include "broker/net/tls_context.h"
#include "service/runtime/durable_file.h"

namespace flowbroker::runtime {
namespace {

using Problems = std::vector<config::Problem>;

/// What the settings of one side are called.
struct CertificateSettings {
  const char* authorities;
  const char* certificate;
  const char* private_key;
};

/// OpenSSL reads them and compares certificate and key; that a server will use them makes no difference.
void CheckCertificates(const net::TlsContextOptions& files, const CertificateSettings& settings, Problems& problems) {
  const auto context = net::TlsContext::Create(files);
  if (context) return;
  const Failure& failure = context.error();
  const char* const setting = failure.field == "ca_file"            ? settings.authorities
                              : failure.field == "private_key_file" ? settings.private_key
                                                                    : settings.certificate;
  // The detail begins with the name of the field.
  const std::string what = failure.detail.substr(failure.field.empty() ? 0 : failure.field.size() + 1);
  problems.push_back({setting, what + "; a readable PEM file, and a key that belongs to the certificate"});
}

void CheckToken(const std::string& path, Problems& problems) {
  std::ifstream file(path);
  std::string token;
  if (!std::getline(file, token) || token.empty()) {
    problems.push_back(
        {"admin-token-file", path + ": cannot be read or has no first line; a file with the token in it"});
  }
}

/// A file that is written; empty: none is.
void CheckWritable(const char* setting, const std::string& path, Problems& problems) {
  if (path.empty()) return;
  const auto writable = DurableFile(path).CheckWritable();
  if (!writable) problems.push_back({setting, writable.error().detail + "; a file in a directory that can be written"});
}

}  // namespace

std::vector<config::Problem> CheckFiles(const config::ServiceConfig& config) {
  Problems problems;
  const engine::TlsOptions& sip = config.broker.tls;
  CheckCertificates(
      {.ca_file = sip.ca_file, .certificate_file = sip.certificate_file, .private_key_file = sip.private_key_file},
      {"tls-ca-file", "tls-certificate-file", "tls-private-key-file"}, problems);
  if (!config.grpc_certificate_file.empty()) {
    CheckCertificates({.ca_file = config.grpc_client_ca_file,
                       .certificate_file = config.grpc_certificate_file,
                       .private_key_file = config.grpc_private_key_file},
                      {"grpc-client-ca-file", "grpc-certificate-file", "grpc-private-key-file"}, problems);
  }
  if (!config.admin_token_file.empty()) CheckToken(config.admin_token_file, problems);
  CheckWritable("history-file", config.history_file, problems);
  CheckWritable("flow-set-state-file", config.flow_set_state_file, problems);
  return problems;
}

}  // namespace flowbroker::runtime
