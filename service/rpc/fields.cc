#include "service/rpc/fields.h"

#include <limits>
#include <string_view>
#include <utility>

namespace flowbroker::rpc {

Unexpected FieldError(std::string field, std::string what) {
  return Unexpected({FailureReason::kInvalidArgument, std::move(what), std::move(field)});
}

Expected<std::string> Text(const std::string& text, std::size_t max, const char* field) {
  std::string out;
  if (const auto read = ReadText(text, max, field, out); !read) return Unexpected(read.error());
  return out;
}

Expected<void> ReadText(const std::string& text, std::size_t max, const char* field, std::string& out) {
  if (text.empty()) return {};
  if (text.size() > max) return FieldError(field, "at most " + std::to_string(max) + " octets");
  if (text.find('\0') != std::string::npos) return FieldError(field, "contains a zero octet");
  out = text;
  return {};
}

Expected<std::optional<IpAddress>> OptionalAddress(const std::string& text, const char* field) {
  if (text.empty()) return std::nullopt;
  const auto address = IpAddress::Parse(text);
  if (!address) return FieldError(field, "not an IP address");
  return address;
}

Expected<std::optional<std::uint16_t>> OptionalPort(std::uint32_t port, const char* field) {
  if (port == 0) return std::nullopt;
  if (port > std::numeric_limits<std::uint16_t>::max()) return FieldError(field, "not a port");
  return static_cast<std::uint16_t>(port);
}

Expected<Transport> RequiredTransport(v1::Transport transport, const char* field) {
  switch (static_cast<int>(transport)) {  // an open enum of the wire
    case v1::TRANSPORT_UDP:
      return Transport::kUdp;
    case v1::TRANSPORT_TCP:
      return Transport::kTcp;
    case v1::TRANSPORT_TLS:
      return Transport::kTls;
    case v1::TRANSPORT_UNSPECIFIED:
      return FieldError(field, "required");
    default:
      return FieldError(field, "unknown value " + std::to_string(static_cast<int>(transport)));
  }
}

Expected<std::optional<Transport>> OptionalTransport(v1::Transport transport, const char* field) {
  if (transport == v1::TRANSPORT_UNSPECIFIED) return std::nullopt;
  return RequiredTransport(transport, field);
}

Expected<std::optional<AddressFamily>> OptionalFamily(v1::AddressFamily family, const char* field) {
  switch (static_cast<int>(family)) {  // an open enum of the wire
    case v1::ADDRESS_FAMILY_UNSPECIFIED:
      return std::nullopt;
    case v1::ADDRESS_FAMILY_IPV4:
      return AddressFamily::kIpv4;
    case v1::ADDRESS_FAMILY_IPV6:
      return AddressFamily::kIpv6;
    default:
      return FieldError(field, "unknown value " + std::to_string(static_cast<int>(family)));
  }
}

Expected<std::size_t> PageSize(std::uint32_t page_size, std::size_t usual) {
  constexpr std::uint32_t kMax = 1000;
  if (page_size > kMax) return FieldError("page_size", "at most " + std::to_string(kMax));
  return page_size > 0 ? page_size : usual;
}

Expected<engine::Host> RequiredHost(const std::string& text, const char* field) {
  if (text.empty()) return FieldError(field, "required");
  if (const auto address = IpAddress::Parse(text)) return *address;
  auto name = text.size() > kMaxHost ? std::nullopt : dns::DnsName::Parse(text);
  const bool only_digits = text.find_first_not_of("0123456789.") == std::string::npos;  // 192.0.2.300
  if (!name || name->is_root() || only_digits) return FieldError(field, "neither a host name nor an IP address");
  return *std::move(name);
}

Expected<IpPrefix> RequiredPrefix(const std::string& text, const char* field) {
  const auto prefix = IpPrefix::Parse(text);
  if (!prefix) return FieldError(field, "not a prefix, such as 192.0.2.0/24 or 2001:db8::/48");
  const bool exact = IpAddress::Parse(std::string_view(text).substr(0, text.find('/'))) == prefix->address;
  if (!exact) return FieldError(field, "has host bits: is " + prefix->ToString() + " meant?");
  return *prefix;
}

}  // namespace flowbroker::rpc
