#include "tests/unit/clients/fake_broker.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <stdlib.h>

#include <filesystem>

#include "google/rpc/status.pb.h"

namespace flowbroker::client {

grpc::Status ErrorStatus(grpc::StatusCode code, const std::string& message, const v1::Trace& trace) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  details.add_details()->PackFrom(trace);
  return {code, message, details.SerializeAsString()};
}

class FakeBroker::Broker final : public v1::BrokerService::Service {
 public:
  explicit Broker(FakeBroker& fake) : fake_(fake) {}

  grpc::Status Acquire(grpc::ServerContext* context, const v1::AcquireRequest* request,
                       v1::AcquireResponse* response) override {
    return fake_.on_acquire(*context, *request, *response);
  }

  grpc::Status Warm(grpc::ServerContext*, const v1::WarmRequest*, v1::WarmResponse* response) override {
    response->set_already_warm(true);
    return grpc::Status::OK;
  }

 private:
  FakeBroker& fake_;
};

class FakeBroker::Flows final : public v1::FlowService::Service {
 public:
  explicit Flows(FakeBroker& fake) : fake_(fake) {}

  grpc::Status Relay(grpc::ServerContext*,
                     grpc::ServerReaderWriter<v1::RelayResponse, v1::RelayRequest>* stream) override {
    v1::RelayRequest frame;
    for (bool first = true; stream->Read(&frame); first = false) {
      fake_.frames.Add(frame);
      stream->Write(Echo(frame));
      if (first && fake_.hold_relay) fake_.release_relay.Wait();
    }
    fake_.relay_gone.Set(true);
    return grpc::Status::OK;
  }

  grpc::Status WatchFlows(grpc::ServerContext* context, const v1::WatchFlowsRequest* request,
                          grpc::ServerWriter<v1::WatchFlowsResponse>* writer) override {
    const std::uint64_t latest = fake_.events.empty() ? 0 : fake_.events.back().sequence();
    if (request->after_sequence() > latest) return {grpc::StatusCode::OUT_OF_RANGE, "invalid_argument: no such event"};
    v1::WatchFlowsResponse ready;
    ready.set_latest_sequence(latest);
    writer->Write(ready);
    for (const v1::FlowEvent& event : fake_.events) {
      if (request->after_sequence() == 0 || event.sequence() <= request->after_sequence()) continue;
      v1::WatchFlowsResponse response;
      *response.add_events() = event;
      response.set_latest_sequence(latest);
      writer->Write(response);
    }
    stopped_.Wait();
    return context->IsCancelled() ? grpc::Status::CANCELLED
                                  : grpc::Status(grpc::StatusCode::UNAVAILABLE, "shutting_down");
  }

  grpc::Status ListFlows(grpc::ServerContext*, const v1::ListFlowsRequest* request,
                         v1::ListFlowsResponse* response) override {
    response->add_flows()->set_flow_id(request->page_token().empty() ? "one" : "two");
    if (request->page_token().empty()) response->set_next_page_token("more");
    return grpc::Status::OK;
  }

  void Stop() { stopped_.Set(true); }

 private:
  v1::RelayResponse Echo(const v1::RelayRequest& frame) {
    v1::RelayResponse response;
    for (const v1::OutgoingMessage& message : frame.messages()) {
      if (message.flow_id() == "gone") {
        v1::SendFailure& failure = *response.add_failures();
        failure.set_flow_id(message.flow_id());
        failure.set_tag(message.tag());
        failure.set_failure("unknown_flow");
      } else if (std::string reply = fake_.on_message ? fake_.on_message(message.message()) : message.message();
                 !reply.empty()) {
        v1::IncomingMessage& echo = *response.add_messages();
        echo.set_flow_id(message.flow_id());
        echo.set_message(std::move(reply));
      }
    }
    return response;
  }

  FakeBroker& fake_;
  Promise<bool> stopped_;
};

FakeBroker::FakeBroker() : broker_(std::make_unique<Broker>(*this)), flows_(std::make_unique<Flows>(*this)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "flowbroker-test-XXXXXX").string();
  directory_ = ::mkdtemp(pattern.data());
  address_ = "unix:" + directory_ + "/broker.sock";
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
  builder.RegisterService(broker_.get());
  builder.RegisterService(flows_.get());
  server_ = builder.BuildAndStart();
}

void FakeBroker::Stop() {
  if (!server_) return;
  release_relay.Set(true);
  flows_->Stop();
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

FakeBroker::~FakeBroker() {
  Stop();
  std::filesystem::remove_all(directory_);
}

}  // namespace flowbroker::client
