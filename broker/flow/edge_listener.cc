#include "broker/flow/edge_listener.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace flowbroker::flow {
namespace {

constexpr std::string_view kTcp = "tcp:";
constexpr std::string_view kTls = "tls:";

Failure Wrong(std::string_view text) {
  return {FailureReason::kInvalidArgument, "\"" + std::string(text) +
                                               "\" is no place to listen; tcp:ADDRESS:PORT or tls:ADDRESS:PORT with an "
                                               "address of this host"};
}

}  // namespace

std::string EdgeListener::ToString() const {
  return std::string(transport == Transport::kTls ? kTls : kTcp) + local.ToString();
}

Expected<EdgeListener> EdgeListener::Parse(std::string_view text) {
  const bool tls = text.starts_with(kTls);
  if (!tls && !text.starts_with(kTcp)) return Unexpected(Wrong(text));
  const std::string_view rest = text.substr(kTcp.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return Unexpected(Wrong(text));
  std::string_view host = rest.substr(0, colon);
  const std::string_view digits = rest.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::Parse(host);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!address || error != std::errc() || end != digits.data() + digits.size()) return Unexpected(Wrong(text));
  const bool any = std::ranges::all_of(address->octets(), [](std::uint8_t octet) { return octet == 0; });
  if (any) return Unexpected(Wrong(text));
  return EdgeListener{tls ? Transport::kTls : Transport::kTcp, {*address, port}};
}

}  // namespace flowbroker::flow
