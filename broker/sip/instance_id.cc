#include "broker/sip/instance_id.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t kMaxNamespace = 32;  // RFC 8141 s.2
constexpr std::size_t kUuidOctets = 16;
constexpr std::size_t kUuidLength = 36;

Unexpected Wrong(const std::string& what) {
  return Unexpected(Failure{FailureReason::kInvalidArgument, what, "instance_id"});
}

bool IsLetterOrDigit(char c) {
  return IsDigit(c) || (ToLower(c) >= 'a' && ToLower(c) <= 'z');
}

bool IsHex(char c) {
  return IsDigit(c) || (ToLower(c) >= 'a' && ToLower(c) <= 'f');
}

/// `pchar` of RFC 3986 but for '%'.
bool IsPathCharacter(char c) {
  return IsLetterOrDigit(c) || (c != '\0' && std::string_view("-._~!$&'()*+,;=:@").find(c) != npos);
}

/// RFC 8141 s.2 `NID`; without a hyphen at its ends.
bool IsNamespace(std::string_view name) {
  if (name.size() < 2 || name.size() > kMaxNamespace) return false;
  if (!IsLetterOrDigit(name.front()) || !IsLetterOrDigit(name.back())) return false;
  return std::ranges::all_of(name, [](char c) { return IsLetterOrDigit(c) || c == '-'; });
}

/// Whether `text` consists of `pchar` and `also`.
bool ConsistsOfPathCharacters(std::string_view text, std::string_view also) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsPathCharacter(text[i]) || also.find(text[i]) != npos) continue;
    if (text[i] != '%' || text.size() - i < 3 || !IsHex(text[i + 1]) || !IsHex(text[i + 2])) return false;
    i += 2;
  }
  return true;
}

/// `pchar *( pchar / also )`.
bool IsPath(std::string_view text, std::string_view also) {
  return !text.empty() && also.find(text.front()) == npos && ConsistsOfPathCharacters(text, also);
}

/// "[?+r][?=q][#f]": what may follow the name without changing it (RFC 8141 s.2.3).
bool AreComponents(std::string_view text) {
  const std::size_t hash = std::min(text.find('#'), text.size());
  if (hash < text.size() && !ConsistsOfPathCharacters(text.substr(hash + 1), "/?")) return false;
  text = text.substr(0, hash);
  if (text.starts_with("?+")) {
    const std::size_t query = std::min(text.find("?=", 2), text.size());
    if (!IsPath(text.substr(2, query - 2), "/?")) return false;
    text.remove_prefix(query);
  }
  return text.empty() || (text.starts_with("?=") && IsPath(text.substr(2), "/?"));
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

void LowerEscapes(std::string& text) {
  for (std::size_t i = text.find('%'); i != npos; i = text.find('%', i + 1)) {
    text[i + 1] = ToLower(text[i + 1]);
    text[i + 2] = ToLower(text[i + 2]);
  }
}

}  // namespace

Expected<InstanceId> InstanceId::Parse(std::string_view urn) {
  constexpr std::size_t kScheme = 4;
  if (urn.size() > kMaxLength) return Wrong("instance-id of more than " + std::to_string(kMaxLength) + " octets");
  if (!EqualsIgnoringCase(urn.substr(0, kScheme), "urn:"))
    return Wrong("instance-id is no URN: it must begin with urn:");
  const std::size_t colon = urn.find(':', kScheme);
  if (colon == npos || !IsNamespace(urn.substr(kScheme, colon - kScheme))) {
    return Wrong("instance-id is no URN: no namespace after urn:");
  }
  const std::size_t end = std::min(urn.find_first_of("?#"), urn.size());
  const std::string_view name = urn.substr(colon + 1, end - colon - 1);
  if (!IsPath(name, "/")) return Wrong("instance-id is no URN: no name of allowed characters");
  if (!AreComponents(urn.substr(end))) return Wrong("instance-id is no URN: what follows '?' or '#' is broken");

  std::string text(urn.substr(0, end));
  std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), text.begin(), ToLower);
  if (text.starts_with("urn:uuid:")) {
    if (!IsUuid(name)) return Wrong("instance-id is no UUID: 32 hexadecimal digits as 8-4-4-4-12");
    std::transform(text.begin(), text.end(), text.begin(), ToLower);
  }
  LowerEscapes(text);
  return InstanceId(std::move(text));
}

InstanceId InstanceId::Make(RandomSource& random) {
  std::array<std::uint8_t, kUuidOctets> octets{};
  for (std::size_t i = 0; i < kUuidOctets; i += 8) {
    const std::uint64_t bits = random.NextBits();
    for (std::size_t j = 0; j < 8; ++j) octets[i + j] = static_cast<std::uint8_t>(bits >> (8 * j) & 0xFFU);
  }
  octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0FU) | 0x40U);  // version 4 (RFC 9562 s.5.4)
  octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3FU) | 0x80U);  // its variant
  std::string text = "urn:uuid:";
  for (std::size_t i = 0; i < kUuidOctets; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += "0123456789abcdef"[octets[i] >> 4U];
    text += "0123456789abcdef"[octets[i] & 0x0FU];
  }
  return InstanceId(std::move(text));
}

}  // namespace flowbroker::sip
