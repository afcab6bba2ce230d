#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/time.h"
#include "broker/flow/flow_id.h"
#include "broker/sip/instance_id.h"

namespace flowbroker::bindings {

/// What tells bindings apart (B1): AOR, instance-id and reg-id where an instance-id is present, else AOR and contact
/// URI. AOR and URI are compared octet by octet, so they come in a canonical form.
struct BindingKey {
  std::string tenant = {};  ///< whose; empty: of a caller of this host
  std::string aor;
  std::optional<sip::InstanceId> instance_id = std::nullopt;
  std::optional<std::uint32_t> reg_id = std::nullopt;  ///< 1 to 2^31-1 (B5); means nothing without an instance-id
  std::string contact_uri = {};                        ///< means nothing with an instance-id

  friend bool operator==(const BindingKey&, const BindingKey&) = default;
};

/// Preference among the contacts of an AOR (RFC 3261 s.20.10), in thousandths, as it has three digits at most.
struct QValue {
  std::uint16_t thousandths = 1000;  ///< 0 to 1000
  friend auto operator<=>(const QValue&, const QValue&) = default;
};

/// A user agent is reachable over a flow (B2).
struct Binding {
  BindingKey key;
  flow::FlowId flow;
  std::string contact;                 ///< the Contact header field value with all its parameters
  std::vector<std::string> path = {};  ///< URIs of the Path vector, topmost first; empty where there is none
  QValue q = {};
  TimePoint updated{};  ///< its last registration
  TimePoint expires{};

  friend bool operator==(const Binding&, const Binding&) = default;
};

/// A registration that was accepted.
struct BindRequest {
  BindingKey key;
  flow::FlowId flow;  ///< that it came over; the caller knows that it lives
  std::string contact;
  std::vector<std::string> path = {};
  QValue q = {};
  Duration expires = std::chrono::hours(1);
};

/// What became of a binding.
enum class BindingChange : std::uint8_t {
  kBound,      ///< it is new
  kRefreshed,  ///< registered again over the same flow
  kReplaced,   ///< registered again over another flow, which took the place of the old one
  kUnbound,    ///< taken out by its owner
  kExpired,    ///< not registered again in time
  kFlowEnded,  ///< its flow closed, broke or stayed silent (B4)
};

/// "bound", "refreshed", "replaced", "unbound", "expired" or "flow_ended".
std::string_view ToString(BindingChange change);

/// For whoever watches. `binding` is as it was when it went, or as it is now.
struct BindingEvent {
  BindingChange change;
  Binding binding;
};

/// What Bind did. The request says the rest.
struct BindOutcome {
  BindingChange change;                                      ///< kBound, kRefreshed or kReplaced
  TimePoint expires;                                         ///< may be sooner than asked for
  std::optional<flow::FlowId> previous_flow = std::nullopt;  ///< set exactly when kReplaced
};

/// One place to send a request to. Targets are never two of one instance (B3).
struct LookupTarget {
  Binding binding;
  std::vector<Binding> next = {};  ///< the same instance over its other flows, for after a 430 or 410; best first
};

struct BindingOptions {
  std::size_t max_bindings = 1'000'000;  ///< about 350 MB of them
  std::size_t max_bindings_per_tenant =
      1'000'000;                          ///< no more than all of them: tenants are trusted unless told otherwise
  std::size_t max_bindings_per_aor = 64;  ///< 16 devices of 4 flows; bounds the work of every call for an AOR
  /// All of them end with the flow, in one go, about 2 us each: 20 ms. Enough for a trunk that brings a whole company.
  std::size_t max_bindings_per_flow = 10'000;
  std::size_t max_octets = 4096;  ///< of all texts of a binding; < 65536, far more than any needs
  Duration longest_expiry =
      std::chrono::hours(24);     ///< a binding asked for longer ends then: what nobody refreshes goes
  bool require_outbound = false;  ///< refuse registrations without instance-id and reg-id (B6)
};

}  // namespace flowbroker::bindings
