#include "service/runtime/build_info.h"

#include <grpcpp/grpcpp.h>
#include <openssl/crypto.h>

namespace flowbroker::runtime {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = "clang++ " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

}  // namespace

telemetry::BuildInfo ThisBuild() {
  return {.version = FLOWBROKER_VERSION,
          .compiler = kCompiler,
          .grpc = grpc::Version(),
          .openssl = OpenSSL_version(OPENSSL_VERSION_STRING)};
}

}  // namespace flowbroker::runtime
