#include "broker/flow/edge_listener.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace flowbroker::flow {
namespace {

struct Scheme {
  Transport transport;
  std::string_view prefix;  // all of one length
};
constexpr std::array kSchemes = {Scheme{Transport::kUdp, "udp:"}, Scheme{Transport::kTcp, "tcp:"},
                                 Scheme{Transport::kTls, "tls:"}};

Failure Wrong(std::string_view text) {
  return {FailureReason::kInvalidArgument,
          "\"" + std::string(text) +
              "\" is no place to listen; udp:ADDRESS:PORT, tcp:ADDRESS:PORT or "
              "tls:ADDRESS:PORT with an address of this host, and =GROUP behind it or nothing"};
}

}  // namespace

std::string EdgeListener::ToString() const {
  const auto* scheme = std::ranges::find(kSchemes, transport, &Scheme::transport);
  return std::string(scheme->prefix) + local.ToString();
}

Expected<EdgeListener> EdgeListener::Parse(std::string_view text) {
  const auto* scheme =
      std::ranges::find_if(kSchemes, [text](const Scheme& one) { return text.starts_with(one.prefix); });
  if (scheme == kSchemes.end()) return Unexpected(Wrong(text));
  const std::size_t equals = text.find('=');
  const std::string_view group = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  if (equals != std::string_view::npos && group.empty()) return Unexpected(Wrong(text));
  const std::string_view rest = text.substr(0, equals).substr(scheme->prefix.size());
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
  return EdgeListener{scheme->transport, {*address, port}, std::string(group)};
}

}  // namespace flowbroker::flow
