#include "broker/net/asio_address.h"

#include <netinet/in.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>

namespace flowbroker::net {

boost::system::error_code BindLocally(int socket, const std::optional<IpAddress>& address,
                                      const std::string& interface_name) {
  const auto last_error = [] { return boost::system::error_code(errno, boost::system::system_category()); };
  if (!interface_name.empty() && setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, interface_name.c_str(),
                                            static_cast<socklen_t>(interface_name.size())) != 0) {
    return last_error();
  }
  if (!address) return {};
  // The port is chosen at connect time, by the whole four-tuple: otherwise 28,000 ports per address would be the limit.
  const int on = 1;
  if (setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0) return last_error();
  const boost::asio::ip::tcp::endpoint local(ToAsio(*address), 0);
  if (bind(socket, local.data(), static_cast<socklen_t>(local.size())) != 0) return last_error();
  return {};
}

}  // namespace flowbroker::net
