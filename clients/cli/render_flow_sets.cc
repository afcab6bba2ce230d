#include "clients/cli/render_flow_sets.h"

#include <algorithm>

#include "clients/cli/layout.h"
#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

using client::FlowSetEventKind;
using client::FlowSetMemberState;
using client::ToString;

Colour ColourOf(FlowSetEventKind kind) {
  switch (kind) {
    case FlowSetEventKind::kUnknown:
    case FlowSetEventKind::kSnapshot:
    case FlowSetEventKind::kEnsured:
      return Colour::kNone;
    case FlowSetEventKind::kFlowUp:
    case FlowSetEventKind::kRegistered:
      return Colour::kGreen;
    case FlowSetEventKind::kNeedsRegister:
      return Colour::kCyan;
    case FlowSetEventKind::kFlowDown:
    case FlowSetEventKind::kDeleted:
      return Colour::kYellow;
  }
  __builtin_unreachable();
}

std::size_t FlowsOf(const client::FlowSet& set) {
  return static_cast<std::size_t>(
      std::ranges::count_if(set.members, [](const client::FlowSetMember& one) { return !one.flow_id.empty(); }));
}

/// "2 of 3 flows", green only where none is missing.
std::string Summary(const client::FlowSet& set) {
  return std::to_string(FlowsOf(set)) + " of " + std::to_string(set.members.size()) + " flows";
}

std::string Members(const client::FlowSet& set, const Canvas& canvas) {
  std::vector<std::vector<std::string>> rows{{"reg-id", "uri", "state", "flow", "host", "failures", "next try"}};
  for (const client::FlowSetMember& member : set.members) {
    std::string failures = member.failures > 0 ? std::to_string(member.failures) : "";
    if (!member.last_failure.empty()) failures += " (" + Clean(member.last_failure) + ")";
    rows.push_back({std::to_string(member.reg_id), Clean(member.uri), std::string(ToString(member.state)),
                    Clean(member.flow_id), Clean(member.host), failures,
                    member.next_attempt_in ? "in " + FormatDuration(*member.next_attempt_in) : ""});
  }
  return Table(rows, canvas);
}

}  // namespace

std::string RenderFlowSet(const client::FlowSet& set, const Canvas& canvas) {
  const bool complete = FlowsOf(set) == set.members.size();
  return Headline(Clean(set.name + "  " + set.instance_id), Summary(set), complete ? Colour::kGreen : Colour::kYellow,
                  canvas) +
         Members(set, canvas);
}

std::string RenderFlowSets(const std::vector<client::FlowSet>& sets, const Canvas& canvas) {
  if (sets.empty()) return "no flow sets\n";
  std::vector<std::vector<std::string>> rows{{"name", "instance", "flows", "group", "tenant"}};
  for (const client::FlowSet& set : sets) {
    rows.push_back({Clean(set.name), Clean(set.instance_id), Summary(set), Clean(set.client_group), Clean(set.tenant)});
  }
  return Table(rows, canvas);
}

std::string RenderFlowSetEvent(const client::FlowSetEvent& event, const Canvas& canvas) {
  if (event.flow_set) return RenderFlowSet(*event.flow_set, canvas);
  std::string line = LocalTime(event.time) + "  " + Paint(std::to_string(event.sequence), Colour::kDim, canvas.colour) +
                     "  " + Paint(Fit(ToString(event.kind), 10), ColourOf(event.kind), canvas.colour);
  if (event.reg_id) line += "  reg-id " + std::to_string(*event.reg_id);
  for (const std::string& text : {event.flow_id, event.reason, event.detail}) {
    if (!text.empty()) line += "  " + Clean(text);
  }
  if (event.due && *event.due > event.time) line += "  due " + LocalTime(*event.due);
  return line + "\n";
}

}  // namespace flowbroker::cli
