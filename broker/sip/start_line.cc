#include "broker/sip/start_line.h"

#include <algorithm>

#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

constexpr std::string_view kVersion = "sip/2.0";

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// `Reason-Phrase` may have tabs and UTF-8.
bool IsReasonPhrase(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return IsControl(c) && c != '\t'; });
}

std::optional<StartLine> ReadStatusLine(std::string_view line) {
  const std::string_view rest = line.substr(kVersion.size() + 1);
  if (rest.size() < 3 || !std::all_of(rest.begin(), rest.begin() + 3, IsDigit)) return std::nullopt;
  // The space before an empty reason is mandatory, but left out by enough peers.
  if (rest.size() > 3 && rest[3] != ' ') return std::nullopt;
  const int code = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
  if (code < 100 || code > 699 || !IsReasonPhrase(rest)) return std::nullopt;
  return StartLine{static_cast<std::uint16_t>(code), {}, {}};
}

}  // namespace

std::optional<StartLine> ReadStartLine(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return std::nullopt;
  const std::string_view method = line.substr(0, space);
  if (EqualsIgnoringCase(method, kVersion)) return ReadStatusLine(line);
  if (method.size() > kMaxMethodOctets || TokenLength(method) != method.size()) return std::nullopt;
  const std::size_t last = line.rfind(' ');
  if (last == space || !EqualsIgnoringCase(line.substr(last + 1), kVersion)) return std::nullopt;
  const std::string_view uri = line.substr(space + 1, last - space - 1);
  if (uri.empty() || std::any_of(uri.begin(), uri.end(), [](char c) { return c == ' ' || IsControl(c); })) {
    return std::nullopt;
  }
  return StartLine{0, method, uri};
}

bool MayBeginStartLine(std::string_view bytes, std::size_t checked) {
  const std::string_view front = bytes.substr(0, kMaxMethodOctets + 1);
  const std::size_t space = front.find(' ');
  const std::string_view word = front.substr(0, space);
  const bool whole = space != std::string_view::npos;
  const std::string_view version = whole ? kVersion : kVersion.substr(0, word.size());
  const bool is_method = !word.empty() && word.size() <= kMaxMethodOctets && TokenLength(word) == word.size();
  return (is_method || EqualsIgnoringCase(word, version)) && IsReasonPhrase(bytes.substr(checked));
}

}  // namespace flowbroker::sip
