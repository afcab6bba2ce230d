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
  std::string_view value;  ///< without surrounding white space; may hold line ends where the sender folded it

  /// Whether this is the field `full_name` (given in lower case) or its compact form.
  bool Is(std::string_view full_name, char compact) const {
    if (name.size() == 1) return ToLower(name[0]) == compact;
    return EqualsIgnoringCase(name, full_name);
  }
  bool Is(std::string_view full_name) const { return EqualsIgnoringCase(name, full_name); }
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
  explicit HeaderFields(std::string_view section) : section_(section) {}

  std::optional<HeaderField> Next() {
    const std::string_view rest = section_.substr(position_);
    if (rest.starts_with("\r\n")) {
      complete_ = true;
      position_ += 2;
      return std::nullopt;
    }
    const std::string_view name = rest.substr(0, TokenLength(rest));
    std::size_t colon = name.size();
    while (colon < rest.size() && IsBlank(rest[colon])) ++colon;  // HCOLON allows blanks before it
    if (name.empty() || colon >= rest.size() || rest[colon] != ':') return std::nullopt;
    const std::size_t length = LengthWithFolds(rest);
    if (length == 0) return std::nullopt;
    position_ += length;
    return HeaderField{name, TrimLinearWhiteSpace(rest.substr(colon + 1, length - colon - 1))};
  }

  /// After Next() returned nothing: whether the empty line was reached.
  bool complete() const { return complete_; }

  /// Octets of the section read so far; with complete(), the empty line included.
  std::size_t consumed() const { return position_; }

 private:
  /// Length of the first line with its continuation lines and line ends; 0 when a CRLF is missing.
  static std::size_t LengthWithFolds(std::string_view rest) {
    std::size_t end = 0;
    do {
      const std::size_t line_break = FindLineBreak(rest, end);
      if (!rest.substr(line_break).starts_with("\r\n")) return 0;  // the end, or a CR or LF alone
      end = line_break + 2;
    } while (end < rest.size() && IsBlank(rest[end]));
    return end;
  }

  std::string_view section_;
  std::size_t position_ = 0;
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
