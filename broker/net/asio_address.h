#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string>

#include "broker/base/ip_address.h"

namespace flowbroker::net {

inline boost::asio::ip::address ToAsio(const IpAddress& address) {
  if (address.is_ipv4()) {
    boost::asio::ip::address_v4::bytes_type bytes;
    std::ranges::copy(address.octets(), bytes.begin());
    return boost::asio::ip::address_v4(bytes);
  }
  boost::asio::ip::address_v6::bytes_type bytes;
  std::ranges::copy(address.octets(), bytes.begin());
  return boost::asio::ip::address_v6(bytes);
}

inline IpAddress FromAsio(const boost::asio::ip::address& address) {
  return address.is_v4() ? IpAddress::FromIpv4(address.to_v4().to_bytes())
                         : IpAddress::FromIpv6(address.to_v6().to_bytes());
}

template <typename Protocol>
typename Protocol::endpoint ToAsio(const Endpoint& endpoint) {
  return {ToAsio(endpoint.address), endpoint.port};
}

template <typename AsioEndpoint>
Endpoint FromAsio(const AsioEndpoint& endpoint) {
  return {FromAsio(endpoint.address()), endpoint.port()};
}

/// Binds a fresh socket to a local address (port chosen by the kernel) and an interface, where given.
boost::system::error_code BindLocally(int socket, const std::optional<IpAddress>& address,
                                      const std::string& interface_name);

/// Has the kernel report every ICMP error about what a UDP socket sends, soft ones too, and fragment what is larger
/// than the path allows: SIP over UDP often is (RFC 3261 s.18.1.1), and a lost INVITE costs more than a fragment.
boost::system::error_code SetIcmpOptions(int socket, bool ipv4);

}  // namespace flowbroker::net
