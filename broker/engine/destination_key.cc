#include "broker/engine/destination_key.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace flowbroker::engine {
namespace {

// Every part says how long it is, so that no text of one can pass for others: two owners never share a key.

void AppendPort(std::string& key, const std::optional<std::uint16_t>& port) {
  const std::uint16_t number = port.value_or(0);  // 0 is no port
  key.append({static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)});
}

void Append(std::string& key, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());  // of one request, which is no larger
  std::array<char, sizeof(size)> octets{};
  std::memcpy(octets.data(), &size, sizeof(size));
  key.append(octets.data(), octets.size());
  key.append(text);
}

void AppendAddress(std::string& key, const std::optional<IpAddress>& address) {
  key += address ? static_cast<char>(address->octets().size()) : '\0';
  if (!address) return;
  for (const std::uint8_t octet : address->octets()) key += static_cast<char>(octet);
}

void AppendTo(std::string& key, const sip::SipUri& uri) {
  key.append({uri.secure ? 'S' : 's', uri.transport ? static_cast<char>('0' + static_cast<int>(*uri.transport)) : '-'});
  Append(key, uri.host);  // the TLS identity, where `maddr` differs
  Append(key, uri.maddr && *uri.maddr != uri.host ? *uri.maddr : std::string_view());
  AppendPort(key, uri.port);
}

void AppendTo(std::string& key, const location::ResponseDestination& response) {
  key.append({'r', static_cast<char>('0' + static_cast<int>(response.transport))});
  Append(key, response.sent_by_host);
  AppendPort(key, response.sent_by_port);
  AppendAddress(key, response.received);
  AppendPort(key, response.rport);
}

char OctetOf(TransportSet transports) {
  int octet = 0;
  for (const Transport transport : {Transport::kUdp, Transport::kTcp, Transport::kTls}) {
    if (transports.Contains(transport)) octet |= 1 << static_cast<int>(transport);
  }
  return static_cast<char>(octet);
}

}  // namespace

std::string_view WriteDestinationKey(const AcquireRequest& request, std::string& buffer) {
  buffer.clear();
  const Destination& destination = request.destination;
  std::visit([&buffer](const auto& to) { AppendTo(buffer, to); }, destination.to);
  buffer += OctetOf(destination.allowed_transports);
  AppendAddress(buffer, destination.local_address);
  Append(buffer, destination.local_interface);
  Append(buffer, destination.tls_identity);
  Append(buffer, request.owner.client_group);
  Append(buffer, request.owner.tenant);
  return buffer;
}

std::string RequestKey(const AcquireRequest& request, std::string_view destination_key) {
  std::string key(destination_key);
  if (request.exclusive) key += request.handoff ? "\x1f^" : "\x1f!";
  return key;
}

std::string TlsIdentityOf(const Destination& destination) {
  if (!destination.tls_identity.empty()) return destination.tls_identity;
  if (const auto* uri = std::get_if<sip::SipUri>(&destination.to)) return uri->host;
  return std::get<location::ResponseDestination>(destination.to).sent_by_host;
}

location::LocateRequest LocateRequestFor(const Destination& destination,
                                         std::shared_ptr<const location::EgressPolicy> egress) {
  location::LocateRequest request{.destination = destination.to, .allowed_transports = destination.allowed_transports};
  request.local = {destination.local_address, destination.local_interface};
  request.egress = std::move(egress);
  if (destination.local_address) {
    request.allow_ipv4 = destination.local_address->is_ipv4();
    request.allow_ipv6 = !request.allow_ipv4;
  }
  return request;
}

history::NetworkId NetworkFor(const Destination& destination, const std::optional<IpAddress>& source,
                              const SharedNetworks& networks) {
  if (!destination.local_interface.empty()) return networks.NetworkOf(destination.local_interface);
  if (destination.local_address) return networks.NetworkOf(*destination.local_address);
  return source ? networks.NetworkOf(*source) : history::NetworkId{};
}

}  // namespace flowbroker::engine
