#pragma once

#include <grpcpp/impl/codegen/channel_interface.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <string>

#include "service/admin/call_request.h"

namespace flowbroker::admin {

/// Makes unary calls over a gRPC channel, octets in and octets out, on a completion queue with a thread of its own. The
/// channel is the one into this process, so that a call over HTTP takes the way of every other call: same limits, same
/// checks, same errors.
class RpcForwarder {
 public:
  class Flight;

  /// Once, on the forwarder's thread or, for a call that is refused, inside Start. The message where the status is OK.
  using Done = std::function<void(const grpc::Status& status, std::string wire)>;

  /// A call in progress, for the one thing that can be done to it.
  class CallHandle {
   public:
    CallHandle() = default;
    explicit CallHandle(std::weak_ptr<Flight> flight) : flight_(std::move(flight)) {}
    /// Its Done gets CANCELLED, or what was under way. Harmless for a call that is over.
    void Cancel();

   private:
    std::weak_ptr<Flight> flight_;
  };

  explicit RpcForwarder(std::shared_ptr<grpc::ChannelInterface> channel);
  /// Cancels what is in flight, calls its Done, and joins. No Start may be running or follow.
  ~RpcForwarder();

  RpcForwarder(const RpcForwarder&) = delete;
  RpcForwarder& operator=(const RpcForwarder&) = delete;

  CallHandle Start(const CallRequest& request, Done done);

  /// Answers every further Start with UNAVAILABLE; what is in flight goes on. Any thread. Must have returned before the
  /// server behind the channel shuts down: gRPC 1.51 crashes in a call that is made over an in-process channel later.
  void Refuse();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowbroker::admin
