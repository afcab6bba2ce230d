#pragma once

#include <atomic>
#include <cstddef>

#include "broker/base/time.h"

namespace flowbroker::rpc {

/// What the calls need to know of the configuration; defaults and meaning as in ServiceConfig.
struct RpcOptions {
  std::atomic<Duration> max_deadline;  ///< may change while calls run
  std::size_t relay_queue_bytes;
  std::size_t relay_queue_messages;
  std::size_t watch_queue_events;
};

}  // namespace flowbroker::rpc
