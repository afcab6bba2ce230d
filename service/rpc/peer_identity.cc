#include "service/rpc/peer_identity.h"

#include <grpc/grpc_security.h>

#include <memory>
#include <string_view>
#include <vector>

#include "service/rpc/caller_identity.h"

namespace flowbroker::rpc {
namespace {

struct AuthContextReleaser {
  void operator()(grpc_auth_context* context) const { grpc_auth_context_release(context); }
};
using AuthContext = std::unique_ptr<grpc_auth_context, AuthContextReleaser>;

/// By the C API, which copies nothing: the C++ one makes a string for the name and a vector for the values of each.
std::vector<std::string_view> ValuesOf(const grpc_auth_context* context, const char* name) {
  std::vector<std::string_view> values;
  auto next = grpc_auth_context_find_properties_by_name(context, name);
  while (const grpc_auth_property* const property = grpc_auth_property_iterator_next(&next)) {
    values.emplace_back(property->value, property->value_length);
  }
  return values;
}

/// gRPC notes for every connection that went through a handshake what it was; "insecure" is one too, and a channel
/// inside the process has none. Whatever else there may be one day is to be taken for TLS.
bool IsLocal(const grpc_auth_context* context) {
  if (context == nullptr) return true;
  auto next = grpc_auth_context_find_properties_by_name(context, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  const grpc_auth_property* const type = grpc_auth_property_iterator_next(&next);
  return type != nullptr && std::string_view(type->value, type->value_length) == "insecure";
}

}  // namespace

Expected<std::string> TenantOf(grpc::ServerContext& context) {
  const AuthContext peer(grpc_call_auth_context(context.c_call()));
  if (IsLocal(peer.get())) return std::string();
  return IdentityOf(ValuesOf(peer.get(), GRPC_PEER_URI_PROPERTY_NAME),
                    ValuesOf(peer.get(), GRPC_PEER_DNS_PROPERTY_NAME));
}

}  // namespace flowbroker::rpc
