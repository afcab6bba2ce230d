#include "service/telemetry/labels.h"

namespace flowbroker::telemetry {

using engine::DnsLookup;
using engine::FlowSource;
using engine::Limit;
using ReportOutcome = engine::TransactionReport::Outcome;

std::string_view NameOf(AttemptStage stage) {
  switch (stage) {
    case AttemptStage::kTcp:
      return "tcp";
    case AttemptStage::kTls:
      return "tls";
    case AttemptStage::kProbe:
      return "probe";
  }
  __builtin_unreachable();
}

std::string_view NameOf(FlowSource source) {
  switch (source) {
    case FlowSource::kRaced:
      return "raced";
    case FlowSource::kShared:
      return "shared";
    case FlowSource::kPooled:
      return "pooled";
    case FlowSource::kProbed:
      return "probed";
  }
  __builtin_unreachable();
}

std::string_view NameOf(DnsLookup lookup) {
  switch (lookup) {
    case DnsLookup::kHit:
      return "hit";
    case DnsLookup::kMiss:
      return "miss";
    case DnsLookup::kStale:
      return "stale";
  }
  __builtin_unreachable();
}

std::string_view NameOf(dns::AnswerStatus status) {
  switch (status) {
    case dns::AnswerStatus::kRecords:
      return "records";
    case dns::AnswerStatus::kNoRecords:
      return "no_records";
    case dns::AnswerStatus::kNoSuchName:
      return "no_such_name";
    case dns::AnswerStatus::kTimedOut:
      return "timed_out";
    case dns::AnswerStatus::kServerFailure:
      return "server_failure";
    case dns::AnswerStatus::kMalformed:
      return "malformed";
  }
  __builtin_unreachable();
}

std::string_view NameOf(Limit limit) {
  switch (limit) {
    case Limit::kFlows:
      return "flows";
    case Limit::kFlowsPerTarget:
      return "flows_per_target";
    case Limit::kAttempts:
      return "attempts";
    case Limit::kRequests:
      return "requests";
    case Limit::kSendQueue:
      return "send_queue";
    case Limit::kHeldMessages:
      return "held_messages";
    case Limit::kDnsInFlight:
      return "dns_in_flight";
    case Limit::kReprobes:
      return "reprobes";
    case Limit::kFlowsPerTenant:
      return "flows_per_tenant";
    case Limit::kTenantRate:
      return "tenant_rate";
    case Limit::kTenantCalls:
      return "tenant_calls";
    case Limit::kTenantStreams:
      return "tenant_streams";
    case Limit::kTenants:
      return "tenants";
    case Limit::kTenantRequests:
      return "tenant_requests";
    case Limit::kEdgeConnections:
      return "edge_connections";
    case Limit::kEdgeConnectionsPerSource:
      return "edge_connections_per_source";
    case Limit::kEdgeArrivals:
      return "edge_connections_per_second";
    case Limit::kEdgeArrivalsPerSource:
      return "edge_connections_per_second_per_source";
    case Limit::kFirstMessage:
      return "first_message";
    case Limit::kEdgeIdle:
      return "edge_idle";
    case Limit::kEdgePartialMessages:
      return "edge_partial_messages";
    case Limit::kMessageSize:
      return "message_size";
    case Limit::kFlowSets:
      return "flow_sets";
    case Limit::kFlowSetsPerTenant:
      return "flow_sets_per_tenant";
    case Limit::kEdgeDatagramFlows:
      return "edge_datagram_flows";
    case Limit::kEdgeDatagramFlowsPerSource:
      return "edge_datagram_flows_per_source";
    case Limit::kEdgeDatagrams:
      return "edge_datagrams_per_second";
    case Limit::kEdgeDatagramsPerSource:
      return "edge_datagrams_per_second_per_source";
  }
  __builtin_unreachable();
}

std::string_view NameOf(engine::FlowSetEventKind kind) {
  using Kind = engine::FlowSetEventKind;
  switch (kind) {
    case Kind::kSnapshot:
      return "snapshot";
    case Kind::kEnsured:
      return "ensured";
    case Kind::kFlowUp:
      return "flow_up";
    case Kind::kNeedsRegister:
      return "needs_register";
    case Kind::kRegistered:
      return "registered";
    case Kind::kFlowDown:
      return "flow_down";
    case Kind::kDeleted:
      return "deleted";
  }
  __builtin_unreachable();
}

std::string_view NameOf(ReportOutcome outcome) {
  switch (outcome) {
    case ReportOutcome::kAnswered:
      return "answered";
    case ReportOutcome::kTimedOut:
      return "timed_out";
    case ReportOutcome::kServiceUnavailable:
      return "service_unavailable";
    case ReportOutcome::kTransportError:
      return "transport_error";
  }
  __builtin_unreachable();
}

std::string_view NameOf(net::HandoffOutcome outcome) {
  switch (outcome) {
    case net::HandoffOutcome::kHandedOff:
      return "handed_off";
    case net::HandoffOutcome::kForeignUser:
      return "foreign_user";
    case net::HandoffOutcome::kTooMany:
      return "too_many";
    case net::HandoffOutcome::kMalformed:
      return "malformed";
    case net::HandoffOutcome::kTooSlow:
      return "too_slow";
    case net::HandoffOutcome::kUnknownTicket:
      return "unknown_ticket";
    case net::HandoffOutcome::kFlowEnded:
      return "flow_ended";
    case net::HandoffOutcome::kCallerGone:
      return "caller_gone";
    case net::HandoffOutcome::kUnused:
      return "unused";
  }
  __builtin_unreachable();
}

bool HasStage(Transport transport, AttemptStage stage) {
  switch (stage) {
    case AttemptStage::kTcp:
      return IsConnectionOriented(transport);
    case AttemptStage::kTls:
      return transport == Transport::kTls;
    case AttemptStage::kProbe:
      return true;
  }
  __builtin_unreachable();
}

std::size_t Index(dns::RecordType type) {
  switch (type) {
    case dns::RecordType::kA:
      return 0;
    case dns::RecordType::kAaaa:
      return 1;
    case dns::RecordType::kSrv:
      return 2;
    case dns::RecordType::kNaptr:
      return 3;
  }
  __builtin_unreachable();
}

std::string_view NameOf(dns::RecordType type) {
  constexpr std::array<std::string_view, 4> kNames = {"A", "AAAA", "SRV", "NAPTR"};
  return kNames[Index(type)];
}

}  // namespace flowbroker::telemetry
