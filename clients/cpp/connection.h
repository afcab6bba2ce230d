#pragma once

#include <grpcpp/client_context.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

#include "clients/cpp/channel.h"
#include "clients/cpp/event_loop.h"
#include "clients/cpp/flowbroker_client.h"
#include "clients/cpp/watch_call.h"
#include "clients/cpp/wire.h"
#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "flowbroker/v1/edge_service.grpc.pb.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "flowbroker/v1/outbound_service.grpc.pb.h"

namespace flowbroker::client {

/// The asynchronous calls of a client that are under way.
class PendingCalls {
 public:
  void Add(grpc::ClientContext* call) {
    const std::lock_guard lock(mutex_);
    calls_.insert(call);
  }

  void Remove(grpc::ClientContext* call) {
    const std::lock_guard lock(mutex_);
    calls_.erase(call);
    if (calls_.empty()) none_.notify_all();
  }

  void CancelAndWait() {
    std::unique_lock lock(mutex_);
    for (grpc::ClientContext* call : calls_) call->TryCancel();
    none_.wait(lock, [this] { return calls_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::unordered_set<grpc::ClientContext*> calls_;
};

/// What the calls of a Client share.
class Client::Connection {
 public:
  explicit Connection(ClientOptions given)
      : options(std::move(given)),
        address(BrokerAddress(options.address)),
        channel(OpenChannel(address, options.tls)),
        broker(v1::BrokerService::NewStub(channel)),
        flows(v1::FlowService::NewStub(channel)),
        edge(v1::EdgeService::NewStub(channel)),
        history(v1::HistoryService::NewStub(channel)),
        outbound(v1::OutboundService::NewStub(channel)) {}

  ~Connection() { calls.CancelAndWait(); }

  /// One blocking call.
  template <typename Request, typename Response, typename Stub>
  Result<Response> Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                        const Request& request, Timeout timeout) {
    grpc::ClientContext context;
    context.set_deadline(DeadlineAfter(timeout.value_or(options.default_timeout)));
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return tl::unexpected(ErrorFrom(status));
    return response;
  }

  /// `prepare`: PrepareAsync... of the stub.
  template <typename Request, typename Response, typename Stub, typename Event>
  std::unique_ptr<Watch> Open(const std::shared_ptr<Stub>& stub,
                              std::unique_ptr<grpc::ClientAsyncReaderInterface<Response>> (Stub::*prepare)(
                                  grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                              const Request& request, WatchHandlers<Event> handlers) {
    auto call = std::make_shared<WatchCall<Response, Event>>(request.after_sequence(), std::move(handlers));
    loop->Post([call, stub, prepare, request, queue = loop->queue()] {
      call->Open([&](grpc::ClientContext* context) { return (stub.get()->*prepare)(context, request, queue); });
    });
    return std::make_unique<Watch>(loop, std::move(call));
  }

  Result<Forgotten> Reset(const v1::ResetHistoryRequest& request);

  const ClientOptions options;
  const std::string address;
  const std::shared_ptr<grpc::Channel> channel;
  const std::shared_ptr<v1::BrokerService::StubInterface> broker;
  const std::shared_ptr<v1::FlowService::StubInterface> flows;
  const std::shared_ptr<v1::EdgeService::StubInterface> edge;
  const std::shared_ptr<v1::HistoryService::StubInterface> history;
  const std::shared_ptr<v1::OutboundService::StubInterface> outbound;
  const std::shared_ptr<EventLoop> loop = std::make_shared<EventLoop>();
  PendingCalls calls;
};

}  // namespace flowbroker::client
