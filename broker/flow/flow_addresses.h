#pragma once

#include <cstddef>
#include <functional>

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

template <>
struct std::hash<flowbroker::flow::FlowAddresses> {
  std::size_t operator()(const flowbroker::flow::FlowAddresses& flow) const noexcept {
    return std::hash<flowbroker::Endpoint>{}(flow.remote) ^ (std::hash<flowbroker::Endpoint>{}(flow.local) * 31) ^
           static_cast<std::size_t>(flow.transport);
  }
};
