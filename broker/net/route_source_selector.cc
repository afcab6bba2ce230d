#include "broker/net/route_source_selector.h"

#include <linux/if_addr.h>
#include <net/if_arp.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "broker/net/asio_address.h"

namespace flowbroker::net {
namespace {

// The destination port has no influence on the route; 9 is "discard".
constexpr std::uint16_t kAnyPort = 9;

using UdpEndpoint = boost::asio::ip::udp::endpoint;

int OpenUdpSocket(int family) {
  return socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

// Takes the route of the connect before back; the kernel would otherwise keep its source for the next destination.
void Disconnect(int descriptor) {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  [[maybe_unused]] const int cannot_fail = connect(descriptor, &nowhere, sizeof(nowhere));
}

std::optional<IpAddress> SourceOf(int descriptor, const IpAddress& destination) {
  if (descriptor < 0) return std::nullopt;
  const UdpEndpoint remote(ToAsio(destination), kAnyPort);
  if (connect(descriptor, remote.data(), static_cast<socklen_t>(remote.size())) != 0) return std::nullopt;
  UdpEndpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  const bool known = getsockname(descriptor, local.data(), &size) == 0;
  Disconnect(descriptor);
  if (!known) return std::nullopt;
  return FromAsio(local.address());
}

std::string Hex(const IpAddress& address) {
  std::string text;
  for (const std::uint8_t octet : address.octets()) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", octet);
    text += digits.data();
  }
  return text;
}

struct Ipv6Assignment {
  unsigned flags = 0;  // IFA_F_*
  std::string interface;
};

// A line of /proc/net/if_inet6: address, interface index, prefix length, scope, flags (all in hex), interface name.
std::optional<Ipv6Assignment> AssignmentOf(const IpAddress& address) {
  const std::string wanted = Hex(address);
  std::ifstream table("/proc/net/if_inet6");
  for (std::string line; std::getline(table, line);) {
    if (!line.starts_with(wanted)) continue;
    std::istringstream fields(line);
    std::string skipped;
    Ipv6Assignment assignment;
    fields >> skipped >> skipped >> skipped >> skipped >> std::hex >> assignment.flags >> assignment.interface;
    if (fields) return assignment;
  }
  return std::nullopt;
}

// The types a C library's getaddrinfo counts as not native, too. TUN devices are not among them: most are VPNs that
// carry both families alike.
bool IsTunnel(const std::string& interface) {
  std::ifstream file("/sys/class/net/" + interface + "/type");
  int type = 0;
  file >> type;
  return type == ARPHRD_TUNNEL || type == ARPHRD_TUNNEL6 || type == ARPHRD_SIT;
}

// 6to4 is 2002::/16 (RFC 3056), Teredo 2001::/32 (RFC 4380).
bool HasTunnelPrefix(const IpAddress& ipv6) {
  const auto octets = ipv6.octets();
  const bool is_6to4 = octets[0] == 0x20 && octets[1] == 0x02;
  const bool is_teredo = octets[0] == 0x20 && octets[1] == 0x01 && octets[2] == 0 && octets[3] == 0;
  return is_6to4 || is_teredo;
}

std::optional<location::SourceAddress> Described(const std::optional<IpAddress>& address) {
  if (!address) return std::nullopt;
  location::SourceAddress source{*address};
  if (address->is_ipv4()) return source;
  const auto assignment = AssignmentOf(*address);
  source.deprecated = assignment && (assignment->flags & IFA_F_DEPRECATED) != 0;
  source.encapsulated = HasTunnelPrefix(*address) || (assignment && IsTunnel(assignment->interface));
  return source;
}

}  // namespace

RouteSourceSelector::RouteSourceSelector()
    : ipv4_socket_(OpenUdpSocket(AF_INET)), ipv6_socket_(OpenUdpSocket(AF_INET6)) {}

RouteSourceSelector::~RouteSourceSelector() {
  if (ipv4_socket_ >= 0) close(ipv4_socket_);
  if (ipv6_socket_ >= 0) close(ipv6_socket_);
}

std::optional<location::SourceAddress> RouteSourceSelector::SourceFor(const IpAddress& destination) const {
  return Described(SourceOf(destination.is_ipv4() ? ipv4_socket_ : ipv6_socket_, destination));
}

std::optional<location::SourceAddress> RouteSourceSelector::BoundSourceFor(const IpAddress& destination,
                                                                           const location::LocalBinding& local) const {
  if (local.address && local.address->family() != destination.family()) return std::nullopt;
  const int descriptor = OpenUdpSocket(destination.is_ipv4() ? AF_INET : AF_INET6);
  if (descriptor < 0) return std::nullopt;
  const bool bound = !BindLocally(descriptor, local.address, local.interface);
  const auto source = bound ? SourceOf(descriptor, destination) : std::nullopt;
  close(descriptor);
  return Described(source);
}

}  // namespace flowbroker::net
