#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/engine/acquire.h"
#include "broker/flow/flow.h"

namespace flowbroker::engine {

class Shard;

/// A flow of another shard that may serve a request (O3).
struct LoanOffer {
  std::uint8_t shard;
  flow::FlowKey wanted;
};

/// An acquisition asks other shards for a flow; `offers` in the order to ask.
struct LoanRequest {
  std::uint8_t from;          ///< shard of the acquisition
  std::uint64_t acquisition;  ///< its number there
  bool fresh_only;
  std::vector<LoanOffer> offers;
};

/// What a shard gives to an acquisition of another one. The flow stays its own.
struct Loan {
  AcquiredFlow flow;
  std::string why;  ///< for the trace
};

/// Asks, and tells the acquisition what came of it. To be called without any shard's lock.
void ArrangeLoan(const std::vector<std::unique_ptr<Shard>>& shards, const LoanRequest& request);

}  // namespace flowbroker::engine
