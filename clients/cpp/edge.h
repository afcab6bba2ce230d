#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/types.h"

// Tokens and bindings (SIP Outbound, RFC 5626): plain structs that mirror proto/flowbroker/v1/edge_service.proto, where
// every field is described.
namespace flowbroker::client {

enum class TokenState : std::uint8_t { kUnknown = 0, kLive = 1, kGone = 2, kForged = 3 };

/// What a token is worth.
struct VerifiedToken {
  TokenState state = TokenState::kUnknown;
  std::optional<std::uint16_t> sip_status = std::nullopt;  ///< what to answer the request with; absent: kLive
  std::string flow_id;                                     ///< to send the request on; empty unless kLive
  Transport transport = Transport::kUnknown;               ///< kUnknown, and no endpoints: kForged,
                                                           ///< or kGone by algorithm 1
  std::optional<Endpoint> local = std::nullopt;
  std::optional<Endpoint> remote = std::nullopt;
};

/// A user agent is reachable over a flow.
struct Binding {
  std::string aor;
  std::string contact;      ///< value of the Contact header field with all its parameters
  std::string contact_uri;  ///< the Request-URI
  std::string instance_id;  ///< a URN; empty: none
  std::optional<std::uint32_t> reg_id = std::nullopt;
  std::vector<std::string> path;  ///< URIs, topmost first: the Route set of the request
  std::string flow_id;
  double q = 0;  ///< preference, 0 to 1
  Duration expires_in{};
  Duration age{};  ///< since it was registered last
};

/// What a REGISTER says.
struct BindRequest {
  std::string aor;                                 ///< compared octet by octet
  std::string contact;                             ///< value of its Contact header field, several joined by commas
  std::string path = {};                           ///< value of its Path header field
  std::string flow_id = {};                        ///< that it came over; empty only where all is taken out
  std::optional<Duration> expires = std::nullopt;  ///< of contacts without their own; absent: one hour
};

enum class BindingChange : std::uint8_t {
  kUnknown = 0,
  kBound = 1,
  kRefreshed = 2,  ///< over the same flow
  kReplaced = 3,   ///< over another flow
  kUnbound = 4,    ///< taken out by its owner
  kExpired = 5,
  kFlowEnded = 6,
};

/// What became of one contact of a REGISTER.
struct BoundContact {
  std::string contact_uri;
  BindingChange change = BindingChange::kUnknown;
  Duration expires_in{};  ///< for the 200: may be less than was asked for; zero: not bound any more
};

/// Which bindings of an address-of-record to take out: one by instance-id and reg-id, or by contact URI, or else all.
struct UnbindRequest {
  std::string aor;
  std::string instance_id = {};
  std::optional<std::uint32_t> reg_id = std::nullopt;
  std::string contact_uri = {};
};

/// A user agent to send a request to.
struct BindingTarget {
  Binding binding;
  /// The same instance over its other flows, best first: where the one before is answered with 430 or 410.
  std::vector<Binding> next;
};

struct BindingEvent {
  std::uint64_t sequence = 0;
  std::chrono::system_clock::time_point time;
  BindingChange change = BindingChange::kUnknown;
  Binding binding;  ///< as it is now, or as it was when it went
};

std::string_view ToString(TokenState state);      ///< "live", "gone", "forged", "?"
std::string_view ToString(BindingChange change);  ///< "bound", "refreshed", ..., "flow ended", "?"

}  // namespace flowbroker::client
