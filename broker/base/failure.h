#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flowbroker {

/// Everything that can go wrong between a caller and a usable flow. The one closed list: gRPC codes, metrics labels and
/// memory rules are all derived from it. The comment says who is at fault and what to do.
enum class FailureReason : std::uint8_t {
  // The caller's request.
  kInvalidArgument,   ///< the request is malformed: mend the field that the detail names
  kUnknownFlow,       ///< no such flow, or not the caller's: acquire a new one
  kAlreadyInUse,      ///< the request id or exclusive flow is in use by another call
  kCancelled,         ///< the caller gave up
  kForbidden,         ///< the egress policy forbids the address, or the call is for the operator only
  kDeadlineExceeded,  ///< the caller's deadline came first: retry, or allow more time
  kLimitReached,      ///< a configured limit of the broker: raise it or send less; the detail names it
  // DNS.
  kNoSuchName,        ///< NXDOMAIN: the name in the URI is wrong
  kNoRecords,         ///< the name exists without usable records: the domain does not offer the wanted transports
  kDnsTimedOut,       ///< no DNS server answered in time
  kDnsServerFailure,  ///< every DNS server answered SERVFAIL, REFUSED or the like
  kDnsMalformed,      ///< a DNS answer could not be read
  // The path to a target.
  kTimedOut,            ///< silence: our own connect time-out passed; the path drops packets
  kRefused,             ///< RST to the SYN or ICMP port unreachable: nothing listens there
  kHostUnreachable,     ///< ICMP host unreachable, or neighbour discovery failed
  kNetworkUnreachable,  ///< no route, here or (by ICMP) on the way
  kNoLocalAddress,      ///< no local address of that family, or the wanted local address is not ours
  kLocalAddressLost,    ///< the local address a flow was bound to is gone from its interface (H5): acquire a new one
  // The peer.
  kReset,                 ///< RST after the connection was up
  kClosedByPeer,          ///< FIN from the peer
  kTlsTimedOut,           ///< TCP connected but the TLS handshake hung
  kTlsHandshakeFailed,    ///< the TLS handshake failed: versions, ciphers or an alert
  kCertificateUntrusted,  ///< chain, expiry or usage of the peer's certificate is not acceptable
  kCertificateMismatch,   ///< valid certificate, wrong identity (RFC 5922)
  kProbeTimedOut,         ///< a probe on an existing flow or a UDP path was not answered
  kKeepAliveTimedOut,     ///< a peer that used to answer keep-alives on the flow has stopped: acquire a new flow
  kMappedAddressChanged,  ///< a NAT on the way has given the flow another address (O5): the peer's messages are lost
  kMalformedMessage,      ///< the peer sent bytes that are not SIP
  kMessageTooLarge,       ///< the peer's message or header section exceeds the configured limit
  // The broker itself.
  kLostRace,          ///< another attempt was faster; nothing is wrong with this one
  kOvertaken,         ///< an attempt that began later was faster: silent, or slower than its head start allows
  kIdle,              ///< closed after the idle time-out
  kClosedByOwner,     ///< closed by Release, CloseFlow or the end of an exclusive owner's stream
  kHandedOff,         ///< the flow's descriptor was handed to its caller: the broker has nothing to do with it any more
  kShuttingDown,      ///< the broker stops
  kOutOfDescriptors,  ///< the process has no free file descriptor: raise `nofile`
  kInternal,          ///< a defect of the broker: please report it with the trace
};

/// Stable lower_snake_case name, used in metrics, logs and the API ("tls_timed_out").
std::string_view ToString(FailureReason reason);

/// One sentence for people: what happened and what to do.
std::string_view Explain(FailureReason reason);

/// What went wrong, with the particulars of this case.
struct Failure {
  FailureReason reason;
  std::string detail;      ///< e.g. "wanted sip.example.org, certificate has a.example.org"; may be empty
  std::string field = {};  ///< request field at fault, for kInvalidArgument; otherwise empty

  /// "tls_timed_out: detail".
  std::string ToString() const;
};

}  // namespace flowbroker
