#pragma once

#include <chrono>
#include <cstddef>

#include "broker/base/time.h"
#include "broker/flow/keep_alive.h"

namespace flowbroker::flow {

struct DatagramFlowOptions {
  std::size_t max_flows = 1'100'000;  ///< about 100 octets each
  /// From one IPv4 address or IPv6 /64. High, as very many may sit behind one NAT; a port for each is all they can
  /// have.
  std::size_t max_flows_per_source = 10'000;
  /// A flow without binding ends after so much silence, one with a binding so long after its last binding has expired.
  /// Three times what UDP mappings live in many NATs: a user agent that still wants it has been heard by then.
  Duration idle = std::chrono::seconds(90);
  /// How bound flows are asked whether they live (N4): kOptions, or kNone where user agents ping by themselves.
  KeepAliveMethod keep_alive = KeepAliveMethod::kOptions;
  /// Between two questions, and after the last sign of life. UDP mappings end after 30 s in many NATs (O4).
  KeepAliveInterval keep_alive_interval{std::chrono::seconds(24), std::chrono::seconds(29)};
  /// So many questions in a row without an answer end the flow of a user agent that has ever answered one; 0: none do.
  /// Three: a minute and a half, in which two lost datagrams do no harm.
  int max_unanswered = 3;
};

}  // namespace flowbroker::flow
