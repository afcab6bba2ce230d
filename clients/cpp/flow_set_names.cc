#include "clients/cpp/flow_sets.h"

namespace flowbroker::client {

std::string_view ToString(FlowSetMemberState state) {
  switch (state) {
    case FlowSetMemberState::kUnknown:
      return "?";
    case FlowSetMemberState::kWaiting:
      return "waiting";
    case FlowSetMemberState::kOpening:
      return "opening";
    case FlowSetMemberState::kUp:
      return "up";
    case FlowSetMemberState::kRegistered:
      return "registered";
  }
  __builtin_unreachable();
}

std::string_view ToString(FlowSetEventKind kind) {
  switch (kind) {
    case FlowSetEventKind::kUnknown:
      return "?";
    case FlowSetEventKind::kSnapshot:
      return "snapshot";
    case FlowSetEventKind::kEnsured:
      return "ensured";
    case FlowSetEventKind::kFlowUp:
      return "flow up";
    case FlowSetEventKind::kNeedsRegister:
      return "register";
    case FlowSetEventKind::kRegistered:
      return "registered";
    case FlowSetEventKind::kFlowDown:
      return "flow down";
    case FlowSetEventKind::kDeleted:
      return "deleted";
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::client
