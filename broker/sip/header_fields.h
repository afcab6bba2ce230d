#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/sip/characters.h"

namespace flowbroker::sip {

/// One header field (RFC 3261 s.7.3.1); views into the message.
struct HeaderField {
  std::string_view name;
  std::string_view untrimmed;  ///< everything after the colon

  /// Without surrounding white space; may hold line ends where the sender folded it.
  std::string_view value() const { return TrimLinearWhiteSpace(untrimmed); }

  /// Whether the name is `full_name`, given in lower case.
  bool Is(std::string_view full_name) const { return EqualsIgnoringCase(name, full_name); }
  /// Whether the name is `full_name` or its compact form, both given in lower case.
  bool Is(std::string_view full_name, char compact) const {
    return name.size() == 1 ? ToLower(name[0]) == compact : Is(full_name);
  }
};

/// Walks the header fields of a message once, from the line after the start line to the empty line. Pure, does not
/// allocate; everything it returns is a view into `section`. Inline: both readers of it are on the way of every
/// message.
///
///     HeaderFields fields(section);
///     while (auto field = fields.Next()) { ... }
///     if (!fields.complete()) the section is cut off or is not made of header lines
class HeaderFields {
 public:
  explicit HeaderFields(std::string_view section) : rest_(section), size_(section.size()) {}

  std::optional<HeaderField> Next() {
    const std::size_t length = LengthWithFolds();
    if (length == 2) {
      complete_ = true;
      rest_.remove_prefix(2);
    }
    if (length <= 2) return std::nullopt;
    const char* const line = rest_.data();
    const char* end_of_name = line;
    while (Is(CharacterClass::kToken, *end_of_name)) ++end_of_name;  // the CR ends this loop and the next
    const char* colon = end_of_name;
    while (IsBlank(*colon)) ++colon;  // HCOLON allows blanks before it
    if (end_of_name == line || *colon != ':') return std::nullopt;
    rest_.remove_prefix(length);
    return HeaderField{{line, end_of_name}, {colon + 1, line + length}};
  }

  /// After Next() returned nothing: whether the empty line was reached.
  bool complete() const { return complete_; }

  /// Octets of the section read so far; with complete(), the empty line included.
  std::size_t consumed() const { return size_ - rest_.size(); }

 private:
  /// Length of the first line with its continuation lines and line ends; 0 when a CRLF is missing, or a CR or LF stands
  /// alone: others might see a line end there.
  std::size_t LengthWithFolds() const {
    std::size_t end = 0;
    do {
      const std::size_t lf = rest_.find('\n', end);
      if (lf == std::string_view::npos || rest_.find('\r', end) + 1 != lf) return 0;
      end = lf + 1;
    } while (end > 2 && end < rest_.size() && IsBlank(rest_[end]));
    return end;
  }

  std::string_view rest_;
  std::size_t size_;
  bool complete_ = false;
};

/// Content-Length as a number. Nothing where it is not one; SIZE_MAX where it is too large to count, which exceeds
/// every limit.
constexpr std::optional<std::size_t> ReadContentLength(std::string_view value) {
  if (value.empty()) return std::nullopt;
  std::size_t length = 0;
  for (const char c : value) {
    if (!IsDigit(c)) return std::nullopt;
    const auto digit = static_cast<std::size_t>(c - '0');
    length = length > (SIZE_MAX - digit) / 10 ? SIZE_MAX : length * 10 + digit;
  }
  return length;
}

}  // namespace flowbroker::sip
