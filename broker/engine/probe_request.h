#pragma once

#include <string>

#include "broker/base/random_source.h"
#include "broker/base/target.h"
#include "broker/engine/broker_state.h"
#include "broker/flow/probe.h"

namespace flowbroker::engine {

/// The OPTIONS of one probe: the same bytes at every retransmission, and the branch by which its answer is known.
struct ProbeRequest {
  std::string bytes;
  std::string branch;
};

ProbeRequest MakeProbeRequest(const Target& target, const Endpoint& local, RandomSource& random);

/// Retransmission by what is known of the target's round-trip time (S11).
flow::ProbeOptions ProbeOptionsFor(const BrokerState& state, const history::Path& path, TimePoint now);

}  // namespace flowbroker::engine
