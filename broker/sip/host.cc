#include "broker/sip/host.h"

#include <algorithm>

#include "broker/base/ip_address.h"
#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t kMaxNameOctets = 253;  // RFC 1035 s.2.3.4, as text without the trailing dot
constexpr std::size_t kMaxLabelOctets = 63;

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabelOctets && label.front() != '-' && label.back() != '-';
}

bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameOctets) return false;
  std::size_t start = 0;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', start)) {
    if (!IsLabel(name.substr(start, dot - start))) return false;
    start = dot + 1;
  }
  const std::string_view top = name.substr(start);
  return IsLabel(top) && !IsDigit(top.front());
}

}  // namespace

std::optional<std::string> ReadHost(std::string_view text) {
  const bool bracketed = !text.empty() && text.front() == '[';
  const bool numeric = std::ranges::all_of(text, [](char c) { return IsDigit(c) || c == '.'; });
  if (bracketed || (numeric && !text.empty())) {
    const std::optional<IpAddress> address = IpAddress::Parse(text);
    if (!address) return std::nullopt;
    return numeric ? std::string(text) : address->ToString();  // dotted quads have one form only
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return Is(CharacterClass::kHost, c); })) return std::nullopt;
  if (text.size() > 1 && text.back() == '.') text.remove_suffix(1);
  if (!IsHostName(text)) return std::nullopt;
  std::string host(text);
  std::transform(host.begin(), host.end(), host.begin(), ToLower);
  return host;
}

std::string BracketIfIpv6(std::string_view host) {
  if (host.empty() || host.front() == '[' || host.find(':') == std::string_view::npos) return std::string(host);
  return "[" + std::string(host) + "]";
}

}  // namespace flowbroker::sip
