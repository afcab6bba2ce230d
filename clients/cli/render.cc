#include "clients/cli/render.h"

#include "clients/cli/layout.h"
#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

using client::Duration;
using client::ToString;

std::string FlowLine(const client::AcquiredFlow& flow, const Canvas& canvas) {
  const std::string arrow = Clean(flow.local.ToString()) + " → " + Clean(flow.remote.ToString());
  return Paint("flow", Colour::kBold, canvas.colour) + " " + Clean(flow.flow_id) + "  " +
         std::string(ToString(flow.transport)) + " " + arrow + "  " +
         Paint("T1 " + FormatDuration(flow.timers.t1) + ", Timer B/F " + FormatDuration(flow.timers.timer_b),
               Colour::kDim, canvas.colour) +
         "\n";
}

std::string SrvText(const client::ResolvedTarget& target) {
  if (target.srv_owner.empty()) return {};
  return target.srv_owner + " " + std::to_string(target.srv_priority) + "/" + std::to_string(target.srv_weight);
}

Colour ColourOf(client::FlowEventKind kind) {
  switch (kind) {
    case client::FlowEventKind::kUnknown:
      return Colour::kNone;
    case client::FlowEventKind::kOpened:
      return Colour::kGreen;
    case client::FlowEventKind::kClosed:
      return Colour::kYellow;
    case client::FlowEventKind::kMessageDropped:
      return Colour::kRed;
  }
  __builtin_unreachable();
}

}  // namespace

std::string RenderAcquired(std::string_view uri, const client::AcquiredFlow& flow, const Canvas& canvas) {
  const client::Trace trace = flow.trace.value_or(client::Trace{});
  const bool at_once = TotalTime(trace) == Duration{};
  const std::string time = at_once ? " at once" : " in " + FormatDuration(TotalTime(trace));
  const std::string summary = std::string(ToString(flow.family)) + " " + std::string(ToString(flow.transport)) + time +
                              ", " + std::string(ToString(flow.source));
  return Headline(Clean(uri), summary, Colour::kGreen, canvas) + RenderWaterfall(trace, canvas) +
         FlowLine(flow, canvas);
}

std::string RenderResolution(std::string_view uri, const client::Resolution& resolution, const Canvas& canvas) {
  const std::size_t count = resolution.targets.size();
  const std::string validity =
      resolution.valid_for ? "valid for " + FormatDuration(*resolution.valid_for) : std::string("valid for ever");
  const std::string summary = std::to_string(count) + (count == 1 ? " target, " : " targets, ") + validity;
  std::vector<std::vector<std::string>> rows{{"#", "target", "host", "SRV", "expected", "why"}};
  for (const client::ResolvedTarget& target : resolution.targets) {
    const std::string name = std::string(ToString(target.transport)) + " " + target.endpoint.ToString();
    const std::string expected = target.expected_time ? FormatDuration(*target.expected_time) : std::string();
    rows.push_back({std::to_string(rows.size()), Clean(name), Clean(target.host), Clean(SrvText(target)), expected,
                    Clean(target.reason)});
  }
  client::Trace trace = resolution.trace;  // without the order, which the table shows
  std::erase_if(trace.steps, [](const auto& step) { return step.what == client::TraceWhat::kOrdering; });
  return Headline(Clean(uri), summary, Colour::kGreen, canvas) + RenderWaterfall(trace, canvas) + Table(rows, canvas);
}

std::string RenderError(std::string_view subject, const client::Error& error, Duration elapsed, const Canvas& canvas) {
  const std::string code(ToString(error.code));
  const bool adds = !error.failure.empty() && error.failure != Lower(code);
  const std::string name = code + (adds ? " " + error.failure : "");
  std::string out = Headline(Clean(subject), Clean(name) + " after " + FormatDuration(elapsed), Colour::kRed, canvas);
  if (error.trace) out += RenderWaterfall(*error.trace, canvas, elapsed);
  if (error.message.empty()) return out;
  for (const std::string& line : Wrap(Clean(error.message), canvas.columns)) out += line + "\n";
  return out;
}

std::string RenderFlows(const std::vector<client::Flow>& flows, const Canvas& canvas) {
  if (flows.empty()) return "no open flows\n";
  std::vector<std::vector<std::string>> rows{
      {"flow", "transport", "local", "remote", "state", "group", "age", "idle", "out/in", "RTT", "identity"}};
  for (const client::Flow& flow : flows) {
    rows.push_back({Clean(flow.flow_id), std::string(ToString(flow.transport)), Clean(flow.local.ToString()),
                    Clean(flow.remote.ToString()),
                    std::string(ToString(flow.state)) + (flow.exclusive ? ", exclusive" : ""), Clean(flow.client_group),
                    FormatDuration(flow.age), FormatDuration(flow.idle),
                    std::to_string(flow.messages_sent) + "/" + std::to_string(flow.messages_received),
                    flow.smoothed_rtt ? FormatDuration(*flow.smoothed_rtt) : "", Clean(flow.tls_identity)});
  }
  return Table(rows, canvas);
}

std::string RenderEvent(const client::FlowEvent& event, const Canvas& canvas) {
  const std::string kind = Fit(ToString(event.kind), 7);
  const std::string what = std::string(ToString(event.flow.transport)) + " " + event.flow.local.ToString() + " → " +
                           event.flow.remote.ToString();
  const std::string why = event.reason + (event.detail.empty() ? "" : ": " + event.detail);
  return LocalTime(event.time) + "  " + Paint(std::to_string(event.sequence), Colour::kDim, canvas.colour) + "  " +
         Paint(kind, ColourOf(event.kind), canvas.colour) + "  " + Clean(event.flow.flow_id) + "  " + Clean(what) +
         (event.reason.empty() ? "" : "  " + Clean(why)) + "\n";
}

}  // namespace flowbroker::cli
