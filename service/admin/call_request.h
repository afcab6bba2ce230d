#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/base/time.h"

namespace flowbroker::admin {

/// The value of the header `Grpc-Timeout`, as in gRPC's protocol over HTTP/2: at most eight digits and a unit out of
/// H M S m u n ("500m" is half a second). Thirty days stand for anything longer: the broker refuses both as absurd.
Expected<Duration> ParseGrpcTimeout(std::string_view text);

/// One call as it goes to gRPC.
struct CallRequest {
  std::string grpc_method;          ///< "/flowbroker.v1.BrokerService/Acquire"
  std::string wire;                 ///< the request message
  std::optional<Duration> timeout;  ///< none: the service's own bound, max-deadline
  std::string trace_parent = {};    ///< empty: none
};

}  // namespace flowbroker::admin
