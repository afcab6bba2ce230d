#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/base/trace.h"
#include "broker/flow/flow_id.h"
#include "broker/flow/owner.h"
#include "broker/history/timer_advice.h"
#include "broker/location/server_locator.h"
#include "broker/sip/sip_uri.h"

namespace flowbroker::engine {

/// What a caller wants to reach and how. Two requests with equal destinations may share one race.
struct Destination {
  std::variant<sip::SipUri, location::ResponseDestination> to;
  TransportSet allowed_transports = TransportSet::All();
  std::optional<IpAddress> local_address = std::nullopt;  ///< absent: the host's routing decides
  std::string local_interface = {};                       ///< empty: the host's routing decides
  std::string tls_identity = {};                          ///< empty: the host of the URI
};

struct AcquireRequest {
  Destination destination;
  flow::Owner owner = {};
  bool time_sensitive = true;  ///< false skips probing a flow that may be dead (S10)
  bool exclusive = false;
  /// The caller wants the descriptor itself; goes with `exclusive` and with TCP as the only allowed transport.
  bool handoff = false;
  /// For a flow set; goes with `exclusive`. The flow is not closed for being idle, nor by Release, nor when a Relay
  /// stream ends, and its end is told to BrokerState::on_held_closed.
  bool held = false;
  std::vector<IpAddress> avoid = {};  ///< hosts that are tried last
  std::string request_id = {};        ///< empty: not idempotent
  std::string trace_parent = {};      ///< W3C Trace Context of the caller, for logs; empty: none
  bool want_trace = true;
  TimePoint deadline = kNever;
};

/// Where the flow of an answer came from.
enum class FlowSource : std::uint8_t {
  kRaced,   ///< connected for this request
  kShared,  ///< connected for an equal request that was in flight
  kPooled,  ///< an existing flow, known to work
  kProbed,  ///< an existing flow that was probed first
};

/// What a caller needs to get the descriptor of its flow.
struct HandoffGrant {
  std::string ticket;  ///< secret
  std::string socket;  ///< path of the Unix socket it is presented on
  TimePoint valid_until;
};

/// A flow the caller may use.
struct AcquiredFlow {
  flow::FlowId id;
  Target remote;
  Endpoint local;
  FlowSource source;
  history::TimerAdvice timers;
  std::optional<HandoffGrant> handoff = std::nullopt;  ///< where it was asked for, until the descriptor is gone
};

/// The end of an Acquire: a flow or a reason, and the story of both.
struct AcquireResult {
  Expected<AcquiredFlow> flow;
  Trace trace;  ///< empty where the request did not want one and succeeded
};
using AcquireCallback = std::function<void(AcquireResult)>;

/// Names a request in flight, so that its caller can give up.
struct RequestHandle {
  std::uint32_t shard;
  std::uint64_t number;
};

struct ResolvedTarget {
  location::LocatedTarget located;
  std::optional<Duration> expected_time;  ///< of a connection attempt; absent: unknown
};

struct ResolveResult {
  Expected<std::vector<ResolvedTarget>> targets;
  TimePoint valid_until;
  Trace trace;
};
using ResolveCallback = std::function<void(ResolveResult)>;

/// How a transaction over a flow ended, as its caller reports it.
struct TransactionReport {
  enum class Outcome : std::uint8_t {
    kAnswered,            ///< a response came
    kTimedOut,            ///< Timer B or F fired
    kServiceUnavailable,  ///< 503
    kTransportError,      ///< the transport reported an error
  };
  std::optional<flow::FlowId> flow;  ///< absent: what the caller gave cannot be the id of a flow
  Outcome outcome;
  std::optional<Duration> rtt;          ///< unretransmitted request to first response
  std::optional<Duration> retry_after;  ///< of a 503; a tenant's counts for a minute at most, as memory is everybody's
};

struct ProbeResult {
  bool alive;
  std::optional<Duration> rtt;  ///< absent where no answer came
  std::string answer;           ///< "CRLF" or "OPTIONS 200"; empty where none came
};
using ProbeCallback = std::function<void(Expected<ProbeResult>)>;

}  // namespace flowbroker::engine
