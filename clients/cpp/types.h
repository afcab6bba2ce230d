#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The vocabulary of the client: plain structs that mirror proto/flowbroker/v1, where every field is described. Enums
// have a kUnknown for values of a broker that is newer than this library.
namespace flowbroker::client {

using Duration = std::chrono::nanoseconds;

enum class Transport : std::uint8_t { kUnknown = 0, kUdp = 1, kTcp = 2, kTls = 3 };
enum class AddressFamily : std::uint8_t { kUnknown = 0, kIpv4 = 1, kIpv6 = 2 };

/// An IP address, IPv6 without brackets, and a port.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;

  /// "192.0.2.1:5060" or "[2001:db8::1]:5060".
  std::string ToString() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Where a response goes: the fields of its topmost Via (RFC 3263 s.5).
struct ResponseDestination {
  Transport transport = Transport::kUdp;
  std::string sent_by_host;
  std::optional<std::uint16_t> sent_by_port;
  std::string received;  ///< empty: the Via has no `received`
  std::optional<std::uint16_t> rport;
};

/// What to reach and how.
struct Destination {
  std::variant<std::string, ResponseDestination> to;  ///< a SIP or SIPS URI, or where a response goes
  std::vector<Transport> allowed_transports = {};     ///< empty: all
  std::string local_address = {};                     ///< empty: the host's routing decides
  std::string local_interface = {};                   ///< empty: the host's routing decides
  std::string tls_identity = {};                      ///< empty: the host of the URI
};

struct AcquireRequest {
  Destination destination;
  std::string client_group = {};  ///< inbound messages on the flow go to streams of this group
  bool time_sensitive = true;     ///< false: do not probe a flow that may be dead (a refreshing REGISTER)
  bool exclusive = false;
  bool handoff = false;         ///< for a ticket; Client::AcquireHandoff asks for one and presents it
  std::string request_id = {};  ///< empty: not idempotent
  bool want_trace = false;      ///< errors carry their trace in any case
};

enum class FlowSource : std::uint8_t { kUnknown = 0, kRaced = 1, kShared = 2, kPooled = 3, kProbed = 4 };

/// Timers for transactions towards the target (RFC 3261 s.17.1).
struct TimerAdvice {
  Duration t1 = std::chrono::milliseconds(500);
  Duration timer_b = std::chrono::seconds(32);
  Duration timer_f = std::chrono::seconds(32);
};

enum class TraceWhat : std::uint8_t {
  kUnknown = 0,
  kPool = 1,
  kDnsQuery = 2,
  kSelection = 3,
  kOrdering = 4,
  kAttempt = 5,
  kProbe = 6,
  kWait = 7,
};

enum class TraceOutcome : std::uint8_t {
  kUnknown = 0,
  kPending = 1,
  kSucceeded = 2,
  kWon = 3,
  kLost = 4,
  kFailed = 5,
  kCacheHit = 6,
  kStale = 7,
};

struct TraceStep {
  TraceWhat what = TraceWhat::kUnknown;
  Duration start{};                            ///< since the start of the trace
  std::optional<Duration> end = std::nullopt;  ///< absent: not over when the trace was taken
  std::string subject;                         ///< "SRV _sip._tcp.example.org", "TCP 192.0.2.1:5060"
  TraceOutcome outcome = TraceOutcome::kUnknown;
  std::string reason;                             ///< for people; may be empty
  std::string failure;                            ///< "tls_timed_out"; empty unless kFailed or kLost
  Transport transport = Transport::kUnknown;      ///< attempts only
  std::optional<Endpoint> remote = std::nullopt;  ///< attempts only
};

/// The story of one request, steps in order of their start.
struct Trace {
  std::chrono::system_clock::time_point start_time;
  std::vector<TraceStep> steps;
};

/// What a flow's descriptor is given for, once.
struct HandoffTicket {
  std::string ticket;       ///< a secret
  std::string socket_path;  ///< where it is presented, on the broker's host
  Duration valid_for{};
};

/// A flow that can be sent on.
struct AcquiredFlow {
  std::string flow_id;
  Transport transport = Transport::kUnknown;
  AddressFamily family = AddressFamily::kUnknown;
  Endpoint local;
  Endpoint remote;
  FlowSource source = FlowSource::kUnknown;
  TimerAdvice timers;
  std::optional<Trace> trace = std::nullopt;            ///< where the request wanted it
  std::optional<HandoffTicket> handoff = std::nullopt;  ///< where the request wanted it
};

struct WarmRequest {
  Destination destination;
  std::string client_group = {};
};

struct ResolvedTarget {
  Transport transport = Transport::kUnknown;
  Endpoint endpoint;
  AddressFamily family = AddressFamily::kUnknown;
  std::string host;
  std::string reason;
  std::optional<Duration> expected_time = std::nullopt;
  std::string srv_owner;  ///< empty: not from SRV; then the two below mean nothing
  std::uint16_t srv_priority = 0;
  std::uint16_t srv_weight = 0;
};

struct Resolution {
  std::vector<ResolvedTarget> targets;               ///< best first
  std::optional<Duration> valid_for = std::nullopt;  ///< absent: for ever
  Trace trace;
};

enum class TransactionOutcome : std::uint8_t {
  kAnswered = 1,
  kTimedOut = 2,
  kServiceUnavailable = 3,
  kTransportError = 4,
};

/// How a transaction over a flow ended.
struct TransactionReport {
  std::string flow_id;
  TransactionOutcome outcome = TransactionOutcome::kAnswered;
  std::optional<Duration> rtt = std::nullopt;  ///< only where the request was not retransmitted
  std::optional<Duration> retry_after = std::nullopt;
};

enum class FlowState : std::uint8_t { kUnknown = 0, kOpen = 1, kProbing = 2, kClosed = 3 };

/// A flow as the broker sees it: a snapshot.
struct Flow {
  std::string flow_id;
  Transport transport = Transport::kUnknown;
  AddressFamily family = AddressFamily::kUnknown;
  Endpoint local;
  Endpoint remote;
  FlowState state = FlowState::kUnknown;
  std::string tls_identity;  ///< empty: not TLS
  std::string client_group;
  bool exclusive = false;
  Duration age{};
  Duration idle{};
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::optional<Duration> smoothed_rtt = std::nullopt;
  std::string listener = {};  ///< of the edge, that it came in on; empty: the broker has opened it
};

enum class FlowEventKind : std::uint8_t { kUnknown = 0, kOpened = 1, kClosed = 2, kMessageDropped = 3 };

struct FlowEvent {
  std::uint64_t sequence = 0;
  std::chrono::system_clock::time_point time;
  FlowEventKind kind = FlowEventKind::kUnknown;
  Flow flow;
  std::string reason;  ///< name of the failure reason; empty for kOpened
  std::string detail;
};

struct ProbeResult {
  bool alive = false;
  std::optional<Duration> rtt = std::nullopt;
  std::string answer;  ///< "CRLF" or "OPTIONS 200"
};

enum class KeepAliveMethod : std::uint8_t {
  kNone = 1,  ///< it is not asked
  kCrlf = 2,  ///< TCP and TLS
  kStun = 3,  ///< UDP
  kOptions = 4,
};

/// How a flow is asked whether it lives (RFC 5626 s.4.4).
struct KeepAlive {
  KeepAliveMethod method = KeepAliveMethod::kNone;
  /// Flow-Timer of the answer to a REGISTER; absent: the interval of the broker's settings.
  std::optional<Duration> flow_timer = std::nullopt;
};

/// Where a message of a user agent came in: on a flow that it has opened.
struct EdgeOrigin {
  std::string listener;  ///< "tcp:192.0.2.1:5060"
  std::string token;     ///< of the flow, for the user part of a Path or Record-Route URI (RFC 5626 s.5)
  Transport transport = Transport::kUnknown;
  Endpoint remote;                    ///< its sender as the broker sees it: `received` and `rport`
  bool states_other_address = false;  ///< the topmost Via names another address: a NAT is between
};

std::string_view ToString(Transport transport);      ///< "UDP", "TCP", "TLS", "?"
std::string_view ToString(AddressFamily family);     ///< "IPv4", "IPv6", "?"
std::string_view ToString(FlowSource source);        ///< "raced", "shared", "pooled", "probed", "?"
std::string_view ToString(FlowState state);          ///< "open", "probing", "closed", "?"
std::string_view ToString(FlowEventKind kind);       ///< "opened", "closed", "dropped", "?"
std::string_view ToString(TransactionOutcome code);  ///< "answered", "timed-out", ...

}  // namespace flowbroker::client
