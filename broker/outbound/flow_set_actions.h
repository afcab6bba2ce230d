#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/flow/flow_id.h"
#include "broker/outbound/reg_id.h"

namespace flowbroker::outbound {

/// Names one try of a flow set to open a flow. Never given twice by one set, so that a late answer hits nothing.
struct OpenAttempt {
  std::uint64_t number;
  friend auto operator<=>(const OpenAttempt&, const OpenAttempt&) = default;
};

/// Why a REGISTER is due.
enum class RegisterReason : std::uint8_t {
  kFirstFlow,  ///< the first flow to this URI
  kNewFlow,    ///< it takes the place of one that failed: the registration has to move to it
};

/// "first_flow" or "new_flow".
std::string_view ToString(RegisterReason reason);

/// Find out anew where the URI leads (RFC 3263), and open a flow. The answer is OnFlowUp or OnOpenFailed.
struct OpenFlow {
  OpenAttempt attempt;
  RegId reg_id;
  std::string uri;
  /// Prefer other hosts, if DNS knows any: the flows of a set ought to end at several ones, and one that refused the
  /// last registration is not asked again at once.
  std::vector<IpAddress> avoid;
};

/// The set does not want the flow any more. OnFlowFailed must not, but may follow.
struct CloseFlow {
  flow::FlowId flow;
};

/// The caller is to send a REGISTER with that reg-id over that flow, and to say how it went: OnRegistered or
/// OnRegisterFailed.
struct NeedsRegister {
  RegId reg_id;
  flow::FlowId flow;
  TimePoint when;
  RegisterReason why;
};

/// To be carried out in order.
using FlowSetAction = std::variant<OpenFlow, CloseFlow, NeedsRegister>;
using FlowSetActions = std::vector<FlowSetAction>;

}  // namespace flowbroker::outbound
