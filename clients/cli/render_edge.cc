#include "clients/cli/render_edge.h"

#include <cmath>

#include "clients/cli/layout.h"
#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

using client::BindingChange;
using client::TokenState;
using client::ToString;

Colour ColourOf(BindingChange change) {
  switch (change) {
    case BindingChange::kUnknown:
      return Colour::kNone;
    case BindingChange::kBound:
    case BindingChange::kRefreshed:
    case BindingChange::kReplaced:
      return Colour::kGreen;
    case BindingChange::kUnbound:
    case BindingChange::kExpired:
    case BindingChange::kFlowEnded:
      return Colour::kYellow;
  }
  __builtin_unreachable();
}

Colour ColourOf(TokenState state) {
  switch (state) {
    case TokenState::kUnknown:
      return Colour::kNone;
    case TokenState::kLive:
      return Colour::kGreen;
    case TokenState::kGone:
      return Colour::kYellow;
    case TokenState::kForged:
      return Colour::kRed;
  }
  __builtin_unreachable();
}

std::string RegId(const client::Binding& binding) {
  return binding.reg_id ? std::to_string(*binding.reg_id) : "";
}

// "0.5": q has three decimals at most (RFC 3261 s.25.1).
std::string Q(double q) {
  const long thousandths = std::lround(q * 1000);
  std::string text = std::to_string(thousandths / 1000) + "." + std::to_string(1000 + thousandths % 1000).substr(1);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Route(const client::Binding& binding) {
  std::string text;
  for (const std::string& uri : binding.path) text += (text.empty() ? "" : ", ") + uri;
  return Clean(text);
}

std::vector<std::string> Row(const std::string& number, const client::Binding& binding) {
  return {number,
          Clean(binding.contact_uri),
          Clean(binding.instance_id),
          RegId(binding),
          Clean(binding.flow_id),
          Q(binding.q),
          FormatDuration(binding.age),
          FormatDuration(binding.expires_in),
          Route(binding)};
}

}  // namespace

std::string RenderBindings(std::string_view aor, const std::vector<client::BindingTarget>& targets,
                           const Canvas& canvas) {
  if (targets.empty()) return "nobody is registered\n";
  std::vector<std::vector<std::string>> rows{
      {"#", "contact", "instance", "reg-id", "flow", "q", "age", "expires in", "path"}};
  std::size_t number = 0;
  for (const client::BindingTarget& target : targets) {
    rows.push_back(Row(std::to_string(++number), target.binding));
    for (const client::Binding& next : target.next) rows.push_back(Row("", next));
  }
  const std::string summary = std::to_string(number) + (number == 1 ? " target" : " targets");
  return Headline(Clean(aor), summary, Colour::kGreen, canvas) + Table(rows, canvas);
}

std::string RenderBindingEvent(const client::BindingEvent& event, const Canvas& canvas) {
  const client::Binding& binding = event.binding;
  const std::string reg_id = binding.reg_id ? "  reg-id " + RegId(binding) : "";
  return LocalTime(event.time) + "  " + Paint(std::to_string(event.sequence), Colour::kDim, canvas.colour) + "  " +
         Paint(Fit(ToString(event.change), 10), ColourOf(event.change), canvas.colour) + "  " + Clean(binding.aor) +
         "  " + Clean(binding.contact_uri) + reg_id + "  " + Clean(binding.flow_id) + "\n";
}

std::string RenderToken(const client::VerifiedToken& token, const Canvas& canvas) {
  std::string text = Paint(ToString(token.state), ColourOf(token.state), canvas.colour);
  if (token.sip_status) text += ": answer " + std::to_string(*token.sip_status);
  if (!token.flow_id.empty()) text += ": flow " + Clean(token.flow_id);
  if (token.local && token.remote) {
    text += "  " + std::string(ToString(token.transport)) + " " + Clean(token.local->ToString()) + " → " +
            Clean(token.remote->ToString());
  }
  return text + "\n";
}

}  // namespace flowbroker::cli
