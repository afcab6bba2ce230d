#pragma once

#include <cstdint>
#include <string_view>

#include "broker/base/failure.h"
#include "broker/base/trace.h"
#include "broker/engine/acquire.h"
#include "broker/engine/flow_view.h"
#include "broker/engine/preference_event.h"
#include "broker/history/network_registry.h"
#include "broker/history/reachability_history.h"

namespace flowbroker::engine {

/// Limits that can be hit; each has a counter.
enum class Limit : std::uint8_t {
  kFlows,
  kFlowsPerTarget,
  kAttempts,
  kRequests,
  kSendQueue,
  kHeldMessages,
  kDnsInFlight,
  kReprobes,
  kFlowsPerTenant,
};

/// Told what the broker does, for metrics and logs. Called on whatever thread does it, possibly with a shard's lock
/// held: must be quick, thread-safe and must not call the broker. Every method does nothing by default.
class BrokerObserver {
 public:
  virtual ~BrokerObserver() = default;
  virtual void OnAcquired(const AcquireResult& /*result*/, Duration /*took*/) {}
  virtual void OnAttempt(const history::AttemptOutcome& /*outcome*/) {}
  virtual void OnFlowEvent(const FlowEvent& /*event*/) {}
  virtual void OnDnsAnswer(const dns::Question& /*question*/, dns::AnswerStatus /*status*/, Duration /*took*/) {}
  virtual void OnRelayed(bool /*inbound*/, std::size_t /*messages*/, std::size_t /*bytes*/) {}
  virtual void OnPreferenceEvent(const PreferenceEvent& /*event*/) {}
  /// A caller reported how a transaction ended; about a flow that is not open it is only counted.
  virtual void OnReport(TransactionReport::Outcome /*outcome*/, bool /*known_flow*/) {}
  virtual void OnLimit(Limit /*limit*/) {}
  /// At the start every network has joined.
  virtual void OnNetworksChanged(const history::NetworkRegistry::Change& /*change*/) {}
  /// Networks cannot be told apart here, and lost addresses are not noticed: all memory is that of one network.
  virtual void OnNetworksUnknown(const Failure& /*why*/) {}
};

}  // namespace flowbroker::engine
