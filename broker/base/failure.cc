#include "broker/base/failure.h"

namespace flowbroker {
namespace {

struct Wording {
  std::string_view name;
  std::string_view sentence;
};

Wording WordingOf(FailureReason reason) {
  switch (reason) {
    case FailureReason::kInvalidArgument:
      return {"invalid_argument", "The request is malformed; mend the field named."};
    case FailureReason::kUnknownFlow:
      return {"unknown_flow", "No such flow is open for this caller; acquire a new one."};
    case FailureReason::kAlreadyInUse:
      return {"already_in_use", "Another call is using this request id or exclusive flow."};
    case FailureReason::kCancelled:
      return {"cancelled", "The caller gave up."};
    case FailureReason::kForbidden:
      return {"forbidden", "The egress policy forbids the address, or the call is for operators only."};
    case FailureReason::kDeadlineExceeded:
      return {"deadline_exceeded", "The caller's deadline came first; retry or allow more time."};
    case FailureReason::kLimitReached:
      return {"limit_reached", "A configured limit of the broker was hit; raise it or send less."};
    case FailureReason::kNoSuchName:
      return {"no_such_name", "DNS says the name does not exist; check the host in the URI."};
    case FailureReason::kNoRecords:
      return {"no_records", "The domain has no records for the transports and families allowed."};
    case FailureReason::kDnsTimedOut:
      return {"dns_timed_out", "No DNS server answered in time."};
    case FailureReason::kDnsServerFailure:
      return {"dns_server_failure", "The DNS servers could not or would not answer."};
    case FailureReason::kDnsMalformed:
      return {"dns_malformed", "A DNS answer could not be read."};
    case FailureReason::kTimedOut:
      return {"timed_out", "The target stayed silent; the path probably drops packets."};
    case FailureReason::kRefused:
      return {"refused", "Nothing listens at the target."};
    case FailureReason::kHostUnreachable:
      return {"host_unreachable", "The network reports the host as unreachable."};
    case FailureReason::kNetworkUnreachable:
      return {"network_unreachable", "There is no route to the target."};
    case FailureReason::kNoLocalAddress:
      return {"no_local_address", "This host has no usable local address for the target."};
    case FailureReason::kLocalAddressLost:
      return {"local_address_lost", "The local address of the flow is gone from its interface; acquire a new flow."};
    case FailureReason::kReset:
      return {"reset", "The peer reset the connection."};
    case FailureReason::kClosedByPeer:
      return {"closed_by_peer", "The peer closed the connection."};
    case FailureReason::kTlsTimedOut:
      return {"tls_timed_out", "TCP connected but the TLS handshake hung."};
    case FailureReason::kTlsHandshakeFailed:
      return {"tls_handshake_failed", "The TLS handshake failed."};
    case FailureReason::kCertificateUntrusted:
      return {"certificate_untrusted", "The peer's certificate is not acceptable; check its chain and dates."};
    case FailureReason::kCertificateMismatch:
      return {"certificate_mismatch", "The peer's certificate does not carry the identity wanted."};
    case FailureReason::kProbeTimedOut:
      return {"probe_timed_out", "A probe was not answered."};
    case FailureReason::kKeepAliveTimedOut:
      return {"keep_alive_timed_out", "The peer has stopped answering keep-alives; acquire a new flow."};
    case FailureReason::kMappedAddressChanged:
      return {"mapped_address_changed", "A NAT on the way has given the flow another address; acquire a new flow."};
    case FailureReason::kMalformedMessage:
      return {"malformed_message", "The peer sent bytes that are not SIP."};
    case FailureReason::kMessageTooLarge:
      return {"message_too_large", "The peer's message exceeds the configured limit."};
    case FailureReason::kLostRace:
      return {"lost_race", "Another attempt was faster."};
    case FailureReason::kOvertaken:
      return {"overtaken", "An attempt that began later was faster: this one was silent or slow."};
    case FailureReason::kIdle:
      return {"idle", "The flow was closed after the idle time-out."};
    case FailureReason::kClosedByOwner:
      return {"closed_by_owner", "The flow was closed on request."};
    case FailureReason::kHandedOff:
      return {"handed_off", "The flow's descriptor was handed to its caller."};
    case FailureReason::kShuttingDown:
      return {"shutting_down", "The broker is shutting down; use another instance."};
    case FailureReason::kOutOfDescriptors:
      return {"out_of_descriptors", "The process has no free file descriptor; raise nofile."};
    case FailureReason::kInternal:
      return {"internal", "A defect of the broker; please report it with the trace."};
  }
  __builtin_unreachable();
}

}  // namespace

std::string_view ToString(FailureReason reason) {
  return WordingOf(reason).name;
}

std::string_view Explain(FailureReason reason) {
  return WordingOf(reason).sentence;
}

std::string Failure::ToString() const {
  std::string text(flowbroker::ToString(reason));
  if (!detail.empty()) text += ": " + detail;
  return text;
}

}  // namespace flowbroker
