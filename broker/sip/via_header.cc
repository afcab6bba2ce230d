#include "broker/sip/via_header.h"

#include <algorithm>

#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t npos = std::string_view::npos;

/// Offset after the quoted string that begins at `open`, or the end.
std::size_t SkipQuoted(std::string_view text, std::size_t open) {
  std::size_t i = open + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

/// Offset of the next ';' or ',' outside quotes, or the end.
std::size_t FindSeparator(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const char c = text[from];
    if (!Is(CharacterClass::kToken, c)) {  // most characters are, and then one look is enough
      if (c == ';' || c == ',') return from;
      if (c == '"') {
        from = SkipQuoted(text, from);
        continue;
      }
    }
    ++from;
  }
  return from;
}

std::string_view BranchValue(std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  if (equals == npos) return {};
  if (!EqualsIgnoringCase(TrimLinearWhiteSpace(parameter.substr(0, equals)), "branch")) return {};
  const std::string_view value = TrimLinearWhiteSpace(parameter.substr(equals + 1));
  return value.substr(0, std::min(value.find_first_of(" \t\r\n"), value.size()));
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
