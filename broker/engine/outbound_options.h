#pragma once

#include <chrono>
#include <cstddef>

#include "broker/base/time.h"
#include "broker/outbound/flow_set.h"

namespace flowbroker::engine {

struct OutboundOptions {
  outbound::FlowSetOptions set = {};
  /// Of all tenants. Two flows each make 20,000, what a default limit of descriptors leaves room for.
  std::size_t max_sets = 10'000;
  std::size_t max_sets_per_tenant = 1'000;  ///< the operator is not limited by it
  /// A try to open a flow that has not succeeded by then has failed: as long as a SIP transaction (RFC 3261 Timer B)
  /// would wait.
  Duration open_timeout = std::chrono::seconds(32);
  std::size_t kept_events = 10'000;  ///< that a WatchFlowSet can resume from
};

}  // namespace flowbroker::engine
