#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/types.h"

// Flow sets (SIP Outbound, RFC 5626 section 4): plain structs that mirror proto/flowbroker/v1/outbound_service.proto,
// where every field is described.
namespace flowbroker::client {

enum class FlowSetMemberState : std::uint8_t {
  kUnknown = 0,
  kWaiting = 1,     ///< no flow; the next try is in `next_attempt_in`
  kOpening = 2,     ///< no flow; a try is under way
  kUp = 3,          ///< a REGISTER over the flow is due or under way
  kRegistered = 4,  ///< the registrar knows the flow
};

/// One URI of a set, with its flow.
struct FlowSetMember {
  std::uint32_t reg_id = 0;
  std::string uri;
  FlowSetMemberState state = FlowSetMemberState::kUnknown;
  std::string flow_id;                                     ///< empty unless kUp or kRegistered
  std::string host;                                        ///< address at the other end; empty without a flow
  std::uint32_t failures = 0;                              ///< consecutive ones
  std::string last_failure;                                ///< "refused"; empty: none
  std::optional<Duration> next_attempt_in = std::nullopt;  ///< absent unless kWaiting
};

/// A flow to each of a few outbound proxies, kept by the broker.
struct FlowSet {
  std::string name;
  std::string instance_id;  ///< a URN, for +sip.instance
  std::string client_group;
  std::string tenant;
  std::vector<FlowSetMember> members;  ///< in the order of the URIs
};

struct FlowSetRequest {
  std::string name;               ///< by which the caller knows it
  std::vector<std::string> uris;  ///< 2 to 4, the primary first
  std::string instance_id = {};   ///< a URN; empty: that of the set, else a fresh UUID
  std::string client_group = {};
  bool replace = false;  ///< a set of that name that differs gets all this, and new flows
};

/// How a REGISTER over a flow of a set ended.
struct RegistrationReport {
  std::string name;
  std::uint32_t reg_id = 0;
  std::string flow_id;
  bool accepted = false;                               ///< else refused, or not answered
  std::optional<Duration> retry_after = std::nullopt;  ///< of a 503
};

enum class FlowSetEventKind : std::uint8_t {
  kUnknown = 0,
  kSnapshot = 1,       ///< how it stands; members in state kUp need a REGISTER
  kEnsured = 2,        ///< made, or made anew with other URIs
  kFlowUp = 3,         ///< there is a flow to the URI
  kNeedsRegister = 4,  ///< with `reg_id`, over `flow_id`
  kRegistered = 5,     ///< the REGISTER was accepted
  kFlowDown = 6,       ///< for `reason`; the next try is at `due`
  kDeleted = 7,
};

struct FlowSetEvent {
  std::uint64_t sequence = 0;
  std::chrono::system_clock::time_point time;
  FlowSetEventKind kind = FlowSetEventKind::kUnknown;
  std::optional<FlowSet> flow_set = std::nullopt;      ///< of kSnapshot
  std::optional<std::uint32_t> reg_id = std::nullopt;  ///< absent: of the whole set
  std::string flow_id;                                 ///< empty: there was none
  std::string reason;  ///< of kNeedsRegister "first_flow" or "new_flow"; of kFlowDown why, such as "reset"
  std::string detail;
  std::optional<std::chrono::system_clock::time_point> due = std::nullopt;  ///< to register, or to try again
};

std::string_view ToString(FlowSetMemberState state);  ///< "waiting", "opening", "up", "registered", "?"
std::string_view ToString(FlowSetEventKind kind);     ///< "snapshot", "flow up", "register", ..., "?"

}  // namespace flowbroker::client
