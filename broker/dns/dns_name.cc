#include "broker/dns/dns_name.h"

#include <algorithm>
#include <cstddef>

namespace flowbroker::dns {
namespace {

constexpr std::size_t kMaxName = 253;  // RFC 1035 s.2.3.4: 255 octets on the wire
constexpr std::size_t kMaxLabel = 63;

char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool MayStandInLabel(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && std::all_of(text.begin(), text.end(), MayStandInLabel);
}

}  // namespace

std::optional<DnsName> DnsName::Parse(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > kMaxName) return std::nullopt;
  std::string canonical(text);
  std::transform(canonical.begin(), canonical.end(), canonical.begin(), ToLower);
  std::string_view rest = canonical;
  while (!rest.empty()) {
    const std::size_t dot = rest.find('.');
    if (!IsLabel(rest.substr(0, dot))) return std::nullopt;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
    if (rest.empty()) return std::nullopt;  // two dots at the end
  }
  return DnsName(std::move(canonical));
}

std::optional<DnsName> DnsName::WithPrefix(std::string_view labels) const {
  if (labels.empty()) return *this;
  if (is_root()) return Parse(labels);
  return Parse(std::string(labels) + "." + text_);
}

}  // namespace flowbroker::dns
