#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/time.h"
#include "broker/flow/flow_id.h"
#include "broker/outbound/flow_set.h"

namespace flowbroker::engine {

/// A flow set as others may see it: a snapshot.
struct FlowSetView {
  std::uint64_t number;  ///< of this process: sets made later have larger ones
  outbound::FlowSetSpec spec;
  std::vector<outbound::FlowSetMember> members;
};

enum class FlowSetEventKind : std::uint8_t {
  kSnapshot,       ///< `set` says how it stands; made for one who watches, never kept
  kEnsured,        ///< it was made, or made anew with other URIs
  kFlowUp,         ///< `reg_id` has `flow`
  kNeedsRegister,  ///< a REGISTER over it is due at `due`, for `why`
  kRegistered,     ///< the registrar knows the flow
  kFlowDown,       ///< `reg_id` has no flow, for `failure`; the next try is at `due`
  kDeleted,
};

struct FlowSetEvent {
  std::uint64_t sequence = 0;  ///< rises by one per event of the process, from 1
  TimePoint time;
  FlowSetEventKind kind;
  std::string tenant;
  std::string name;
  std::optional<outbound::RegId> reg_id = std::nullopt;        ///< absent: the whole set
  std::optional<flow::FlowId> flow = std::nullopt;             ///< that is up, or was
  std::optional<outbound::RegisterReason> why = std::nullopt;  ///< set exactly where kNeedsRegister
  std::optional<Failure> failure = std::nullopt;               ///< of kFlowDown; absent: the registration was refused
  std::optional<TimePoint> due = std::nullopt;                 ///< of kNeedsRegister and kFlowDown
  std::optional<FlowSetView> set = std::nullopt;               ///< set exactly where kSnapshot
};

/// For EventLog.
inline const std::string& TenantOf(const FlowSetEvent& event) {
  return event.tenant;
}

}  // namespace flowbroker::engine
