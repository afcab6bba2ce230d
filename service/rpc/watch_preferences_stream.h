#pragma once

#include "broker/engine/connection_broker.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "service/rpc/rpc_options.h"
#include "service/rpc/watch_stream.h"

namespace flowbroker::rpc {

/// One HistoryService.WatchPreferences call.
class WatchPreferencesStream final : public WatchStream<v1::WatchPreferencesResponse, v1::PreferenceEvent> {
 public:
  WatchPreferencesStream(CallQueue& queue, const Entrance& entrance, v1::HistoryService::AsyncService& service,
                         engine::ConnectionBroker& broker, const RpcOptions& options);

 private:
  void Request(void* tag) override;
  void OnArrived() override;

  bool Wanted(const engine::PreferenceEvent& event) const;

  v1::HistoryService::AsyncService& service_;
  engine::ConnectionBroker& broker_;
  v1::WatchPreferencesRequest request_;
};

}  // namespace flowbroker::rpc
