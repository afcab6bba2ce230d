#include "service/admin/call_directory.h"

#include <google/protobuf/descriptor.h>

namespace flowbroker::admin {
namespace {

constexpr std::string_view kFiles = FLOWBROKER_CONTRACT;  // "flowbroker/v1/types.proto,..." from proto/CMakeLists.txt

void AddCallsOf(const google::protobuf::ServiceDescriptor& service, CallDirectory::Calls& calls) {
  for (int i = 0; i < service.method_count(); ++i) {
    const auto* const method = service.method(i);
    calls[service.name() + "/" + method->name()] =
        RpcCall{.grpc_method = "/" + service.full_name() + "/" + method->name(),
                .streams = method->client_streaming() || method->server_streaming(),
                .descriptor = method};
  }
}

}  // namespace

CallDirectory::CallDirectory() {
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  for (std::size_t begin = 0; begin < kFiles.size();) {
    const std::size_t end = std::min(kFiles.find(',', begin), kFiles.size());
    const auto* const file = pool->FindFileByName(std::string(kFiles.substr(begin, end - begin)));
    for (int i = 0; file != nullptr && i < file->service_count(); ++i) AddCallsOf(*file->service(i), calls_);
    begin = end + 1;
  }
}

const RpcCall* CallDirectory::Find(std::string_view name) const {
  const auto found = calls_.find(name);
  return found == calls_.end() ? nullptr : &found->second;
}

}  // namespace flowbroker::admin
