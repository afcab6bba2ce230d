#include "broker/sip/via_header.h"

#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

/// Offset of the next ';' or ',' outside quotes, or the end.
std::size_t FindSeparator(std::string_view text, std::size_t from) {
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (quoted) {
      if (text[i] == '\\') ++i;
    } else if (text[i] == ';' || text[i] == ',') {
      return i;
    }
  }
  return text.size();
}

std::string_view BranchValue(std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return {};
  if (!EqualsIgnoringCase(TrimLinearWhiteSpace(parameter.substr(0, equals)), "branch")) return {};
  return TrimLinearWhiteSpace(parameter.substr(equals + 1));
}

}  // namespace

ViaHeader ReadTopVia(std::string_view value) {
  ViaHeader via;
  std::size_t end = FindSeparator(value, 0);
  while (end < value.size() && value[end] == ';') {
    const std::size_t begin = end + 1;
    end = FindSeparator(value, begin);
    if (via.branch.empty()) via.branch = BranchValue(value.substr(begin, end - begin));
  }
  via.text = TrimLinearWhiteSpace(value.substr(0, end));
  return via;
}

}  // namespace flowbroker::sip
