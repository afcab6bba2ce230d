#include "service/rpc/fields.h"
#include "service/rpc/proto_conversion.h"

namespace flowbroker::rpc {
namespace {

constexpr std::size_t kMaxClientGroup = 128;
constexpr std::size_t kMaxRequestId = 128;
constexpr Duration kMaxRtt = std::chrono::seconds(300);      // as the contract says
constexpr Duration kMaxRetryAfter = std::chrono::hours(24);  // as the contract says

Expected<TransportSet> Transports(const v1::Destination& destination) {
  if (destination.allowed_transports_size() == 0) return TransportSet::All();
  TransportSet set;
  for (int i = 0; i < destination.allowed_transports_size(); ++i) {
    const std::string field = "destination.allowed_transports[" + std::to_string(i) + "]";
    const auto transport = RequiredTransport(destination.allowed_transports(i), field.c_str());
    if (!transport) return Unexpected(transport.error());
    set.Add(*transport);
  }
  return set;
}

Expected<void> ReadUri(const std::string& text, engine::Destination& out) {
  if (text.size() > sip::SipUri::kMaxLength) return FieldError("destination.uri", "longer than 4096 octets");
  auto uri = sip::SipUri::Parse(text);
  if (!uri) return FieldError("destination.uri", uri.error().detail);
  out.to = *std::move(uri);
  return {};
}

Expected<void> ReadResponse(const v1::ResponseDestination& response, engine::Destination& out) {
  const auto transport = RequiredTransport(response.transport(), "destination.response.transport");
  if (!transport) return Unexpected(transport.error());
  auto host = Text(response.sent_by_host(), kMaxHost, "destination.response.sent_by_host");
  if (!host) return Unexpected(host.error());
  if (host->empty()) return FieldError("destination.response.sent_by_host", "required");
  const auto port = OptionalPort(response.sent_by_port(), "destination.response.sent_by_port");
  if (!port) return Unexpected(port.error());
  const auto received = OptionalAddress(response.received(), "destination.response.received");
  if (!received) return Unexpected(received.error());
  const auto rport = OptionalPort(response.rport(), "destination.response.rport");
  if (!rport) return Unexpected(rport.error());
  out.to = location::ResponseDestination{*transport, *std::move(host), *port, *received, *rport};
  return {};
}

Expected<void> ReadTo(const v1::Destination& destination, engine::Destination& out) {
  switch (destination.to_case()) {
    case v1::Destination::kUri:
      return ReadUri(destination.uri(), out);
    case v1::Destination::kResponse:
      return ReadResponse(destination.response(), out);
    case v1::Destination::TO_NOT_SET:
      return FieldError("destination", "required: set uri or response");
  }
  __builtin_unreachable();
}

/// Into `out`, which is as constructed: to move a destination or request from hand to hand costs as much as to read it.
Expected<void> Read(const v1::Destination& destination, engine::Destination& out) {
  if (auto to = ReadTo(destination, out); !to) return to;
  const auto transports = Transports(destination);
  if (!transports) return Unexpected(transports.error());
  out.allowed_transports = *transports;
  const auto local_address = OptionalAddress(destination.local_address(), "destination.local_address");
  if (!local_address) return Unexpected(local_address.error());
  out.local_address = *local_address;
  const auto interface =
      ReadText(destination.local_interface(), kMaxInterface, "destination.local_interface", out.local_interface);
  if (!interface) return interface;
  return ReadText(destination.tls_identity(), kMaxHost, "destination.tls_identity", out.tls_identity);
}

/// Only a TCP connection has no state but that of its descriptor.
Expected<void> RestrictToHandoff(engine::AcquireRequest& out) {
  const auto refuse = [](const char* why) { return FieldError("handoff", why); };
  const auto* uri = std::get_if<sip::SipUri>(&out.destination.to);
  if (uri != nullptr && uri->secure) return refuse("a sips: URI means TLS, whose session cannot be handed off");
  const auto transport = uri != nullptr
                             ? uri->transport
                             : std::optional(std::get<location::ResponseDestination>(out.destination.to).transport);
  if (transport && *transport != Transport::kTcp) return refuse("only TCP can be handed off");
  if (!out.destination.allowed_transports.Contains(Transport::kTcp)) return refuse("allowed_transports excludes TCP");
  out.destination.allowed_transports = {};
  out.destination.allowed_transports.Add(Transport::kTcp);
  out.exclusive = true;
  return {};
}

Expected<void> Read(const v1::AcquireRequest& request, engine::AcquireRequest& out) {
  if (auto destination = Read(request.destination(), out.destination); !destination) return destination;
  const auto group = ReadText(request.client_group(), kMaxClientGroup, "client_group", out.owner.client_group);
  if (!group) return group;
  const auto request_id = ReadText(request.request_id(), kMaxRequestId, "request_id", out.request_id);
  if (!request_id) return request_id;
  out.time_sensitive = !request.has_time_sensitive() || request.time_sensitive();
  out.exclusive = request.exclusive();
  out.want_trace = !request.has_want_trace() || request.want_trace();
  out.handoff = request.handoff();
  return out.handoff ? RestrictToHandoff(out) : Expected<void>();
}

/// A T made of `message` by Read.
template <typename T, typename Message>
Expected<T> ReadFrom(const Message& message) {
  Expected<T> value;
  if (const auto read = Read(message, *value); !read) value = Unexpected(read.error());
  return value;
}

Expected<engine::TransactionReport::Outcome> Outcome(v1::TransactionOutcome outcome) {
  using Reported = engine::TransactionReport::Outcome;
  switch (static_cast<int>(outcome)) {  // an open enum of the wire
    case v1::TRANSACTION_OUTCOME_ANSWERED:
      return Reported::kAnswered;
    case v1::TRANSACTION_OUTCOME_TIMED_OUT:
      return Reported::kTimedOut;
    case v1::TRANSACTION_OUTCOME_SERVICE_UNAVAILABLE:
      return Reported::kServiceUnavailable;
    case v1::TRANSACTION_OUTCOME_TRANSPORT_ERROR:
      return Reported::kTransportError;
    case v1::TRANSACTION_OUTCOME_UNSPECIFIED:
      return FieldError("outcome", "required");
    default:
      return FieldError("outcome", "unknown value " + std::to_string(static_cast<int>(outcome)));
  }
}

}  // namespace

Expected<Duration> FromProto(const google::protobuf::Duration& duration, Duration max, const char* field) {
  const bool well_formed = duration.nanos() >= 0 && duration.nanos() < 1'000'000'000 && duration.seconds() >= 0;
  const auto max_seconds = std::chrono::duration_cast<std::chrono::seconds>(max).count();
  const std::string range = "must be between 0 and " + std::to_string(max_seconds) + " s";
  if (!well_formed || duration.seconds() > max_seconds) return FieldError(field, range);
  const Duration value = std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
  if (value > max) return FieldError(field, range);
  return value;
}

Expected<std::string> ClientGroup(const std::string& group) {
  return Text(group, kMaxClientGroup, "client_group");
}

Expected<flow::FlowId> RequiredFlowId(const std::string& text) {
  if (text.empty()) return FieldError("flow_id", "required");
  const auto id = flow::FlowId::Parse(text);
  if (!id) return Unexpected({FailureReason::kUnknownFlow, ""});
  return *id;
}

Expected<engine::Destination> FromProto(const v1::Destination& destination) {
  return ReadFrom<engine::Destination>(destination);
}

Expected<engine::AcquireRequest> FromProto(const v1::AcquireRequest& request) {
  return ReadFrom<engine::AcquireRequest>(request);
}

Expected<engine::TransactionReport> FromProto(const v1::ReportOutcomeRequest& request) {
  if (request.flow_id().empty()) return FieldError("flow_id", "required");
  const auto outcome = Outcome(request.outcome());
  if (!outcome) return Unexpected(outcome.error());
  engine::TransactionReport report{flow::FlowId::Parse(request.flow_id()), *outcome, std::nullopt, std::nullopt};
  if (request.has_rtt()) {
    const auto rtt = FromProto(request.rtt(), kMaxRtt, "rtt");
    if (!rtt) return Unexpected(rtt.error());
    report.rtt = *rtt;
  }
  if (request.has_retry_after()) {
    const auto retry_after = FromProto(request.retry_after(), kMaxRetryAfter, "retry_after");
    if (!retry_after) return Unexpected(retry_after.error());
    report.retry_after = *retry_after;
  }
  return report;
}

}  // namespace flowbroker::rpc
