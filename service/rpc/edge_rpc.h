#pragma once

#include <grpcpp/grpcpp.h>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/edge_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/unary_method.h"

namespace flowbroker::rpc {

/// EdgeService: the unary calls here, the stream in watch_bindings_stream.h. No state of its own.
class EdgeRpc {
 public:
  EdgeRpc(engine::ConnectionBroker& broker, const RpcOptions& options, CallGate& gate)
      : broker_(broker), options_(options), gate_(gate) {}

  grpc::Service& service() { return service_; }

  /// Serves every method on `queue`.
  void ServeOn(CallQueue& queue);

 private:
  void MintToken(const v1::MintTokenRequest& request, UnaryCall<v1::MintTokenResponse>& call);
  void VerifyToken(const v1::VerifyTokenRequest& request, UnaryCall<v1::VerifyTokenResponse>& call);
  void Bind(const v1::BindRequest& request, UnaryCall<v1::BindResponse>& call);
  void RemoveAll(const std::string& aor, UnaryCall<v1::BindResponse>& call);
  void Unbind(const v1::UnbindRequest& request, UnaryCall<v1::UnbindResponse>& call);
  void LookupBindings(const v1::LookupBindingsRequest& request, UnaryCall<v1::LookupBindingsResponse>& call);

  engine::ConnectionBroker& broker_;
  const RpcOptions& options_;
  CallGate& gate_;
  v1::EdgeService::AsyncService service_;
};

}  // namespace flowbroker::rpc
