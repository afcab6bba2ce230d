#pragma once

#include "broker/base/target.h"

namespace flowbroker::flow {

/// Where a flow runs: it came to `local` from `remote`, or leaves the other way round. Both of one family.
struct FlowAddresses {
  Transport transport;
  Endpoint local;
  Endpoint remote;

  friend bool operator==(const FlowAddresses&, const FlowAddresses&) = default;
};

}  // namespace flowbroker::flow
