#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_set>

#include "grpc/health/v1/health.grpc.pb.h"
#include "service/rpc/unary_method.h"

namespace flowbroker::rpc {

class HealthWatchStream;

/// grpc.health.v1 on our completion queues. gRPC's own implementation would bring the threads of the callback API, and
/// has no descriptor that reflection could show. The process as a whole and both services share one state.
class HealthRpc {
 public:
  grpc::Service& service() { return service_; }

  /// Serves every method on `queue`. Check is for whoever has got as far as to call; Watch, which stays open, comes
  /// through `gate` like other streams.
  void ServeOn(CallQueue& queue, CallGate& gate);

  /// Any thread. Watchers are told of a change.
  void SetServing(bool serving);

  /// The state of `service`; SERVICE_UNKNOWN for a name we do not serve.
  grpc::health::v1::HealthCheckResponse::ServingStatus StatusOf(const std::string& service) const;

 private:
  friend class HealthWatchStream;
  void Check(const grpc::health::v1::HealthCheckRequest& request,
             UnaryCall<grpc::health::v1::HealthCheckResponse>& call);

  grpc::health::v1::Health::AsyncService service_;
  std::atomic<bool> serving_ = false;
  std::mutex mutex_;  // taken before a stream's own
  std::unordered_set<HealthWatchStream*> watchers_;
};

}  // namespace flowbroker::rpc
