#include "service/rpc/health_rpc.h"

#include <optional>

#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "service/rpc/stream_call.h"

namespace flowbroker::rpc {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

/// One Watch call: the state now, and every change.
class HealthWatchStream final : public StreamCall<grpc::ServerAsyncWriter<HealthCheckResponse>, HealthCheckResponse> {
 public:
  HealthWatchStream(CallQueue& queue, const Entrance& entrance, HealthRpc& health)
      : StreamCall(queue, entrance), health_(health) {}

  void OnChange() { Pump(); }

 private:
  void Request(void* tag) override {
    health_.service_.RequestWatch(&context_, &request_, &stream_, queue_.completion_queue(), queue_.completion_queue(),
                                  tag);
  }

  void OnArrived() override {
    {
      const std::lock_guard lock(health_.mutex_);
      health_.watchers_.insert(this);
    }
    Pump();
  }

  bool FillFrame(HealthCheckResponse& frame) override {
    const auto status = health_.StatusOf(request_.service());
    if (told_ == status) return false;
    told_ = status;
    frame.set_status(status);
    return true;
  }

  void OnEnded() override {
    const std::lock_guard lock(health_.mutex_);
    health_.watchers_.erase(this);
  }

  void OnDraining(Duration /*time_left*/) override {}  // NOT_SERVING says it

  HealthRpc& health_;
  HealthCheckRequest request_;
  std::optional<HealthCheckResponse::ServingStatus> told_;
};

void HealthRpc::ServeOn(CallQueue& queue, CallGate& gate) {
  ServeUnary(queue, Entrance::OpenToAll(), service_, &grpc::health::v1::Health::AsyncService::RequestCheck,
             [this](const auto& request, auto& call) { Check(request, call); });
  ServeStreams<HealthWatchStream>(queue, gate.For(CallKind::kStream), *this);
}

void HealthRpc::SetServing(bool serving) {
  const std::lock_guard lock(mutex_);
  serving_ = serving;
  for (HealthWatchStream* const watcher : watchers_) watcher->OnChange();
}

HealthCheckResponse::ServingStatus HealthRpc::StatusOf(const std::string& service) const {
  const bool known = service.empty() || service == v1::BrokerService::service_full_name() ||
                     service == v1::FlowService::service_full_name() ||
                     service == v1::HistoryService::service_full_name();
  if (!known) return HealthCheckResponse::SERVICE_UNKNOWN;
  return serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void HealthRpc::Check(const HealthCheckRequest& request, UnaryCall<HealthCheckResponse>& call) {
  const auto status = StatusOf(request.service());
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    return call.Fail({grpc::StatusCode::NOT_FOUND, "no service \"" + request.service() + "\" here"});
  }
  call.response().set_status(status);
  call.Finish();
}

}  // namespace flowbroker::rpc
