#pragma once

#include <grpcpp/grpcpp.h>

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/unary_method.h"

namespace flowbroker::rpc {

/// HistoryService: the unary calls here, the stream in watch_preferences_stream.h. No state of its own.
class HistoryRpc {
 public:
  HistoryRpc(engine::ConnectionBroker& broker, const RpcOptions& options, CallGate& gate)
      : broker_(broker), options_(options), gate_(gate) {}

  grpc::Service& service() { return service_; }

  /// Serves every method on `queue`.
  void ServeOn(CallQueue& queue);

 private:
  void ListFamilyPreferences(const v1::ListFamilyPreferencesRequest& request,
                             UnaryCall<v1::ListFamilyPreferencesResponse>& call);
  void GetReachability(const v1::GetReachabilityRequest& request, UnaryCall<v1::GetReachabilityResponse>& call);
  void ListRaces(const v1::ListRacesRequest& request, UnaryCall<v1::ListRacesResponse>& call);
  void ResetHistory(const v1::ResetHistoryRequest& request, UnaryCall<v1::ResetHistoryResponse>& call);

  engine::ConnectionBroker& broker_;
  const RpcOptions& options_;
  CallGate& gate_;
  v1::HistoryService::AsyncService service_;
};

}  // namespace flowbroker::rpc
