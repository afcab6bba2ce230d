#include "broker/net/asio_address.h"

#include <netinet/in.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>

namespace flowbroker::net {
namespace {

boost::system::error_code LastError() {
  return {errno, boost::system::system_category()};
}

}  // namespace

boost::system::error_code BindLocally(int socket, const std::optional<IpAddress>& address,
                                      const std::string& interface_name) {
  if (!interface_name.empty() && setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, interface_name.c_str(),
                                            static_cast<socklen_t>(interface_name.size())) != 0) {
    return LastError();
  }
  if (!address) return {};
  // The port is chosen at connect time, by the whole four-tuple: otherwise 28,000 ports per address would be the limit.
  const int on = 1;
  if (setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0) return LastError();
  const boost::asio::ip::tcp::endpoint local(ToAsio(*address), 0);
  if (bind(socket, local.data(), static_cast<socklen_t>(local.size())) != 0) return LastError();
  return {};
}

boost::system::error_code SetIcmpOptions(int socket, bool ipv4) {
  const int on = 1;
  const int fragment = ipv4 ? IP_PMTUDISC_DONT : IPV6_PMTUDISC_DONT;
  const int level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
  const bool done =
      setsockopt(socket, level, ipv4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof(on)) == 0 &&
      setsockopt(socket, level, ipv4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &fragment, sizeof(fragment)) == 0;
  return done ? boost::system::error_code() : LastError();
}

}  // namespace flowbroker::net
