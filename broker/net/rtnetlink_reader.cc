#include "broker/net/rtnetlink_reader.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

namespace flowbroker::net {
namespace {

using Bytes = std::span<const std::byte>;

/// A structure at the beginning of `bytes`; the kernel's macros would trust its lengths and its alignment.
template <typename Structure>
std::optional<Structure> Head(Bytes bytes) {
  if (bytes.size() < sizeof(Structure)) return std::nullopt;
  Structure head;
  std::memcpy(&head, bytes.data(), sizeof(head));
  return head;
}

/// What follows after `length` octets with their padding to four (NLMSG_ALIGN, RTA_ALIGN).
Bytes After(Bytes bytes, std::size_t length) {
  return bytes.subspan(std::min((length + 3U) & ~std::size_t{3}, bytes.size()));
}

template <typename Visit>
void ForEachAttribute(Bytes bytes, Visit&& visit) {
  while (const auto head = Head<rtattr>(bytes)) {
    if (head->rta_len < sizeof(rtattr) || head->rta_len > bytes.size()) return;
    visit(head->rta_type, bytes.subspan(sizeof(rtattr), head->rta_len - sizeof(rtattr)));
    bytes = After(bytes, head->rta_len);
  }
}

std::string TextOf(Bytes value) {
  const auto end = std::ranges::find(value, std::byte{0});
  std::string text;
  std::transform(value.begin(), end, std::back_inserter(text),
                 [](std::byte octet) { return static_cast<char>(octet); });
  return text;
}

std::optional<IpAddress> AddressOf(int family, Bytes value) {
  if (family == AF_INET) {
    const auto octets = Head<std::array<std::uint8_t, 4>>(value);
    return octets ? std::optional(IpAddress::FromIpv4(*octets)) : std::nullopt;
  }
  const auto octets = Head<std::array<std::uint8_t, 16>>(value);
  return octets ? std::optional(IpAddress::FromIpv6(*octets)) : std::nullopt;
}

/// fe80::/10 (RFC 4291 s.2.5.6) and 169.254/16 (RFC 3927): no SIP URI can name a peer there.
bool IsLinkLocal(const IpAddress& address) {
  const auto octets = address.octets();
  return address.is_ipv4() ? octets[0] == 169 && octets[1] == 254 : octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
}

std::optional<LinkChange> ReadLink(bool exists, Bytes body) {
  const auto head = Head<ifinfomsg>(body);
  // Of another family it says that the interface joined or left a bridge.
  if (!head || head->ifi_family != AF_UNSPEC || head->ifi_index <= 0) return std::nullopt;
  // Not IFF_LOWER_UP: a lost carrier takes no address away, and connections live on if it comes back in time.
  LinkChange link{head->ifi_index, "", exists, exists && (head->ifi_flags & IFF_UP) != 0};
  ForEachAttribute(After(body, sizeof(ifinfomsg)), [&link](int type, Bytes value) {
    if (type == IFLA_IFNAME) link.name = TextOf(value);
  });
  return link;
}

std::optional<AddressChange> ReadAddress(bool exists, Bytes body) {
  const auto head = Head<ifaddrmsg>(body);
  if (!head || (head->ifa_family != AF_INET && head->ifa_family != AF_INET6)) return std::nullopt;
  std::optional<IpAddress> own;
  std::optional<IpAddress> own_or_peer;  // the peer's on a point-to-point link, which has IFA_LOCAL, too
  unsigned flags = head->ifa_flags;
  ForEachAttribute(After(body, sizeof(ifaddrmsg)), [&](int type, Bytes value) {
    if (type == IFA_LOCAL) own = AddressOf(head->ifa_family, value);
    if (type == IFA_ADDRESS) own_or_peer = AddressOf(head->ifa_family, value);
    if (type == IFA_FLAGS) flags = Head<std::uint32_t>(value).value_or(flags);
  });
  if (!own) own = own_or_peer;
  const bool width_fits = own && head->ifa_prefixlen <= own->octets().size() * 8;
  if (!width_fits || head->ifa_index == 0 || head->ifa_index > INT32_MAX) return std::nullopt;
  const bool unproven = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
  return AddressChange{.interface_index = static_cast<int>(head->ifa_index),
                       .address = *own,
                       .prefix_bits = head->ifa_prefixlen,
                       .usable = exists && !unproven && !IsLinkLocal(*own),
                       // The same bit says "secondary" of an IPv4 address, which is as lasting as any.
                       .temporary = !own->is_ipv4() && (flags & IFA_F_TEMPORARY) != 0};
}

template <typename Event>
void Append(std::vector<RtnetlinkEvent>& events, std::optional<Event> event) {
  if (event) events.emplace_back(*std::move(event));
}

void ReadMessage(const nlmsghdr& head, Bytes body, std::vector<RtnetlinkEvent>& events) {
  switch (head.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return Append(events, ReadLink(head.nlmsg_type == RTM_NEWLINK, body));
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return Append(events, ReadAddress(head.nlmsg_type == RTM_NEWADDR, body));
    case NLMSG_DONE:
      events.emplace_back(DumpEnded{(head.nlmsg_flags & NLM_F_DUMP_INTR) == 0});
      return;
    case NLMSG_ERROR:
      if (const auto error = Head<nlmsgerr>(body); error && error->error != 0) {
        events.emplace_back(NetlinkRefusal{error->error < 0 ? -error->error : error->error});
      }
      return;
    default:
      return;
  }
}

}  // namespace

std::vector<RtnetlinkEvent> ReadRtnetlink(Bytes datagram) {
  std::vector<RtnetlinkEvent> events;
  while (const auto head = Head<nlmsghdr>(datagram)) {
    if (head->nlmsg_len < sizeof(nlmsghdr) || head->nlmsg_len > datagram.size()) break;
    ReadMessage(*head, datagram.subspan(sizeof(nlmsghdr), head->nlmsg_len - sizeof(nlmsghdr)), events);
    datagram = After(datagram, head->nlmsg_len);
  }
  return events;
}

}  // namespace flowbroker::net
