#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace flowbroker::dns {

/// A fully qualified domain name in canonical form: lower case, no trailing dot, at most 253 octets, labels of 1 to 63
/// octets of letters, digits, '-' and '_'. The root is the empty name.
class DnsName {
 public:
  /// Nothing for text that is not a domain name by the rules above.
  static std::optional<DnsName> Parse(std::string_view text);

  const std::string& ToString() const { return text_; }
  bool is_root() const { return text_.empty(); }

  /// "localhost" or a name below it: always the loopback addresses, never asked of DNS (RFC 6761 s.6.3).
  bool is_localhost() const { return text_ == "localhost" || text_.ends_with(".localhost"); }

  /// `_sip._tcp` + `example.org` -> `_sip._tcp.example.org`; nothing where the result would be too long.
  std::optional<DnsName> WithPrefix(std::string_view labels) const;

  friend bool operator==(const DnsName&, const DnsName&) = default;
  friend auto operator<=>(const DnsName&, const DnsName&) = default;

 private:
  explicit DnsName(std::string canonical) : text_(std::move(canonical)) {}
  std::string text_;
};

}  // namespace flowbroker::dns

template <>
struct std::hash<flowbroker::dns::DnsName> {
  std::size_t operator()(const flowbroker::dns::DnsName& n) const noexcept {
    return std::hash<std::string>{}(n.ToString());
  }
};
