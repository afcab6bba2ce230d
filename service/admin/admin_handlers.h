#pragma once

#include <grpcpp/impl/codegen/channel_interface.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "service/admin/admin_limits.h"

namespace flowbroker::admin {

/// What the listener needs of the rest of the process. All functions are called on the admin thread and must be quick.
struct AdminHandlers {
  std::function<std::string()> metrics;               ///< text format of Prometheus
  std::function<bool()> ready;                        ///< whether new calls are taken
  std::function<bool()> alive = [] { return true; };  ///< whether the process's threads answer
  std::function<void()> drain;                        ///< begins the drain; again: nothing
  std::shared_ptr<grpc::ChannelInterface> rpc;        ///< where the calls under /v1 go
  /// One answer: which route ("call", "drain", "metrics", "healthz", "readyz", "index", "other"), the HTTP code.
  std::function<void(std::string_view route, unsigned code)> on_answer = [](std::string_view, unsigned) {};
  std::function<void(AdminLimit)> on_limit = [](AdminLimit) {};
};

}  // namespace flowbroker::admin
