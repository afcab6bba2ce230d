#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flowbroker::sip {

/// Character classes of the SIP grammar (RFC 3261 s.25.1); one bit each, so that a look-up answers any of them.
enum class CharacterClass : std::uint8_t {
  kToken = 1U << 0U,       ///< `token`: methods, header names, parameter names of header fields
  kUnreserved = 1U << 1U,  ///< `unreserved`: may stand for itself anywhere in a URI
  kUser = 1U << 2U,        ///< `user` but for '%'
  kPassword = 1U << 3U,    ///< `password` but for '%'
  kParameter = 1U << 4U,   ///< `paramchar` of a URI parameter but for '%'
  kUriHeader = 1U << 5U,   ///< `hname` and `hvalue` with their separators '=' and '&', but for '%'
  kHost = 1U << 6U,        ///< letters, digits, '-', '.'; and '_', which real zones use although RFC 1123 does not
  kDigit = 1U << 7U,
};

namespace internal {

consteval std::array<std::uint8_t, 256> ClassTable() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, unsigned classes) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(classes);
  };
  constexpr unsigned kInUri = 0b11'1110;  // unreserved, user, password, parameter, URI header
  add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 0b111'1111);
  add("0123456789", 0b1111'1111);
  add("-_.!~*'()", kInUri);
  add("-.!%*_+`'~", static_cast<unsigned>(CharacterClass::kToken));
  add("&=+$,;?/", static_cast<unsigned>(CharacterClass::kUser));
  add("&=+$,", static_cast<unsigned>(CharacterClass::kPassword));
  add("[]/:&+$", static_cast<unsigned>(CharacterClass::kParameter));
  add("[]/?:+$=&", static_cast<unsigned>(CharacterClass::kUriHeader));
  add("-._", static_cast<unsigned>(CharacterClass::kHost));
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kClassTable = ClassTable();

}  // namespace internal

constexpr bool Is(CharacterClass wanted, char c) {
  return (internal::kClassTable[static_cast<unsigned char>(c)] & static_cast<std::uint8_t>(wanted)) != 0;
}

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

/// Blanks, and the line ends inside a folded value.
constexpr bool IsLinearWhiteSpace(char c) {
  return IsBlank(c) || c == '\r' || c == '\n';
}

constexpr std::string_view TrimLinearWhiteSpace(std::string_view text) {
  while (!text.empty() && IsLinearWhiteSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsLinearWhiteSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// Length of the leading `token`.
constexpr std::size_t TokenLength(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && Is(CharacterClass::kToken, text[length])) ++length;
  return length;
}

constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// ASCII only, as everywhere in SIP.
constexpr bool EqualsIgnoringCase(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (ToLower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

}  // namespace flowbroker::sip
