#include "service/admin/rpc_forwarder.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "service/rpc/status_mapping.h"

namespace flowbroker::admin {
namespace {

grpc::ByteBuffer BufferOf(const std::string& octets) {
  const grpc::Slice slice(octets);
  return {&slice, 1};
}

std::string OctetsOf(const grpc::ByteBuffer& buffer) {
  std::string octets;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return octets;
  octets.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) octets.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return octets;
}

}  // namespace

/// One call. Belongs to the forwarder's set until its only event has come.
class RpcForwarder::Flight {
 public:
  Flight(const CallRequest& request, Done done) : done_(std::move(done)) {
    if (request.timeout) context_.set_deadline(std::chrono::system_clock::now() + *request.timeout);
    if (!request.trace_parent.empty()) context_.AddMetadata("traceparent", request.trace_parent);
  }

  void Start(grpc::GenericStub& stub, const CallRequest& request, grpc::CompletionQueue& queue) {
    reader_ = stub.PrepareUnaryCall(&context_, request.grpc_method, BufferOf(request.wire), &queue);
    reader_->StartCall();
    reader_->Finish(&response_, &status_, this);
  }

  void Cancel() { context_.TryCancel(); }

  void Finish() { done_(status_, status_.ok() ? OctetsOf(response_) : std::string()); }

 private:
  Done done_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
};

class RpcForwarder::Impl {
 public:
  explicit Impl(std::shared_ptr<grpc::ChannelInterface> channel)
      : stub_(std::move(channel)), thread_([this] { Serve(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [tag, flight] : flights_) flight->Cancel();
    }
    queue_.Shutdown();
    thread_.join();
  }

  CallHandle Start(const CallRequest& request, Done done) {
    const std::lock_guard lock(mutex_);
    if (refusing_) {
      done(rpc::DrainingStatus(), {});
      return {};
    }
    const auto flight = std::make_shared<Flight>(request, std::move(done));
    flights_.emplace(flight.get(), flight);
    flight->Start(stub_, request, queue_);
    return CallHandle(flight);
  }

  void Refuse() {
    const std::lock_guard lock(mutex_);
    refusing_ = true;
  }

 private:
  void Serve() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) Take(static_cast<Flight*>(tag))->Finish();
  }

  std::shared_ptr<Flight> Take(Flight* landed) {
    const std::lock_guard lock(mutex_);
    return std::move(flights_.extract(landed).mapped());
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::mutex mutex_;  // held while a call is made, so that none is after Refuse
  bool refusing_ = false;
  std::unordered_map<Flight*, std::shared_ptr<Flight>> flights_;
  std::thread thread_;
};

void RpcForwarder::CallHandle::Cancel() {
  if (const auto flight = flight_.lock()) flight->Cancel();
}

RpcForwarder::RpcForwarder(std::shared_ptr<grpc::ChannelInterface> channel)
    : impl_(std::make_unique<Impl>(std::move(channel))) {}
RpcForwarder::~RpcForwarder() = default;

RpcForwarder::CallHandle RpcForwarder::Start(const CallRequest& request, Done done) {
  return impl_->Start(request, std::move(done));
}

void RpcForwarder::Refuse() {
  impl_->Refuse();
}

}  // namespace flowbroker::admin
