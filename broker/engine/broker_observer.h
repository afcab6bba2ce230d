#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "broker/base/failure.h"
#include "broker/base/trace.h"
#include "broker/engine/acquire.h"
#include "broker/engine/flow_set_event.h"
#include "broker/engine/flow_view.h"
#include "broker/engine/preference_event.h"
#include "broker/flow/acquire_count.h"
#include "broker/flow/keep_alive.h"
#include "broker/history/network_registry.h"
#include "broker/history/reachability_history.h"
#include "broker/net/handoff_outcome.h"

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
  kTenantRate,
  kTenantCalls,
  kTenantStreams,
  kTenants,
  kTenantRequests,
  kEdgeConnections,
  kEdgeConnectionsPerSource,
  kEdgeArrivals,
  kEdgeArrivalsPerSource,
  kFirstMessage,
  kFlowSets,
  kFlowSetsPerTenant,
  kEdgeDatagramFlows,
  kEdgeDatagramFlowsPerSource,
  kEdgeDatagrams,
  kEdgeDatagramsPerSource,
  kEdgeIdle,
  kEdgePartialMessages,
  kMessageSize,
  kLast = kMessageSize
};

/// An Acquire that was answered and whose it was, borrowed for the duration of the call.
struct AnsweredAcquire {
  const AcquireResult& result;
  Duration took;  ///< zero where the answer was there at once
  const Destination& destination;
  const flow::Owner& owner;
  std::string_view request_id = {};    ///< empty: none
  std::string_view trace_parent = {};  ///< of the caller; empty: none
  bool stale_dns = false;              ///< an expired DNS answer led to it
  /// Its whole story, also where the request did not want one; null: `result.trace` is all there is.
  const std::function<Trace()>* story = nullptr;
};

/// What the DNS cache could do for a question.
enum class DnsLookup : std::uint8_t {
  kHit,    ///< it had the answer
  kMiss,   ///< a server is asked, or is being asked already
  kStale,  ///< an expired answer stood in, because DNS is in trouble; where a server was asked in vain also a kMiss
};

/// Told what the broker does, for metrics and logs. Called on whatever thread does it, possibly with a shard's lock
/// held: must be quick, thread-safe and must not call the broker. Every method does nothing by default.
class BrokerObserver {
 public:
  virtual ~BrokerObserver() = default;
  virtual void OnAcquired(const AnsweredAcquire& /*acquire*/) {}
  /// So many more requests, or fewer, wait for an answer.
  virtual void OnRequestsWaiting(int /*change*/) {}
  /// A race ended well; `position` is the winner's place among the attempts it started, from 1, and `candidates` are
  /// all that it had, tried or not.
  virtual void OnRaceWon(const history::Path& /*winner*/, std::size_t /*position*/,
                         std::span<const history::Path> /*candidates*/) {}
  /// A background attempt on what is held is over; `failure` is absent where it succeeded.
  virtual void OnReprobe(const history::Path& /*path*/, std::optional<FailureReason> /*failure*/) {}
  virtual void OnAttempt(const history::AttemptOutcome& /*outcome*/) {}
  virtual void OnFlowEvent(const FlowEvent& /*event*/) {}
  /// A probe of the open flow has begun, or is over.
  virtual void OnFlowProbing(const FlowView& /*flow*/) {}
  /// Where to count the Acquires answered with a flow on `path` that opens now; null: nowhere.
  virtual std::shared_ptr<flow::AcquireCount> CountOf(const history::Path& /*path*/) { return nullptr; }
  /// A flow is asked whether it lives.
  virtual void OnKeepAlive(flow::KeepAliveMethod /*method*/, Transport /*transport*/) {}
  virtual void OnDnsAnswer(const dns::Question& /*question*/, dns::AnswerStatus /*status*/, Duration /*took*/) {}
  virtual void OnDnsLookup(DnsLookup /*lookup*/) {}
  virtual void OnRelayed(bool /*inbound*/, std::size_t /*messages*/, std::size_t /*bytes*/) {}
  /// A Relay stream was full: the flow whose message it did not take is not read until it has room.
  virtual void OnBackPressure() {}
  /// An inbound message was given up, because no stream took it in time or too many wait.
  virtual void OnMessageDropped() {}
  /// So many more Relay streams, or fewer, are attached.
  virtual void OnRelayStreams(int /*change*/) {}
  /// So many datagrams to user agents were not sent, as the socket's buffer was full.
  virtual void OnDatagramsUnsent(std::size_t /*count*/) {}
  /// The kernel has dropped so many of theirs before they were read, mostly for the same reason.
  virtual void OnDatagramsUnread(std::size_t /*count*/) {}
  virtual void OnPreferenceEvent(const PreferenceEvent& /*event*/) {}
  /// A caller reported how a transaction ended; about a flow that is not open it is only counted.
  virtual void OnReport(TransactionReport::Outcome /*outcome*/, bool /*known_flow*/) {}
  /// So many more flow sets, or fewer, are kept.
  virtual void OnFlowSets(int /*change*/) {}
  virtual void OnFlowSetEvent(const FlowSetEvent& /*event*/) {}
  /// A ticket was presented on the handoff socket, or was not.
  virtual void OnHandoff(net::HandoffOutcome /*outcome*/) {}
  virtual void OnLimit(Limit /*limit*/) {}
  /// At the start every network has joined.
  virtual void OnNetworksChanged(const history::NetworkRegistry::Change& /*change*/) {}
  /// Networks cannot be told apart here, and lost addresses are not noticed: all memory is that of one network.
  virtual void OnNetworksUnknown(const Failure& /*why*/) {}
};

}  // namespace flowbroker::engine
