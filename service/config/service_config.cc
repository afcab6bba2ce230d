#include "service/config/service_config.h"

#include <unistd.h>

#include <cstdlib>

namespace flowbroker::config {
namespace {

bool Writable(const std::string& path) {
  return access(path.c_str(), W_OK | X_OK) == 0;
}

std::string DefaultSocket() {
  const std::string name = "/flowbroker.sock";
  if (Writable("/run/flowbroker") || Writable("/run")) return "/run/flowbroker" + name;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && Writable(runtime)) return std::string(runtime) + "/flowbroker" + name;
  return "/tmp/flowbroker-" + std::to_string(getuid()) + name;
}

}  // namespace

std::string_view ToString(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kInfo:
      return "info";
  }
  __builtin_unreachable();
}

std::vector<std::string> DefaultListen(const ServiceConfig& config) {
  std::vector<std::string> addresses = {"unix:" + DefaultSocket()};
  if (config.grpc_plaintext || !config.grpc_certificate_file.empty()) addresses.emplace_back("127.0.0.1:7460");
  return addresses;
}

}  // namespace flowbroker::config
