#pragma once

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "broker/base/ip_address.h"

namespace flowbroker::testing {

/// Writes a datagram as the kernel would.
class RtnetlinkMessage {
 public:
  RtnetlinkMessage& Begin(std::uint16_t type, std::uint16_t flags = 0) {
    Close();
    begun_ = bytes_.size();
    Put(nlmsghdr{.nlmsg_len = 0, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = 0, .nlmsg_pid = 0});
    return *this;
  }

  template <typename Structure>
  RtnetlinkMessage& Put(const Structure& structure) {
    return Put(std::as_bytes(std::span(&structure, 1)));
  }
  RtnetlinkMessage& Put(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    return *this;
  }

  RtnetlinkMessage& Attribute(std::uint16_t type, std::span<const std::byte> value) {
    Put(rtattr{.rta_len = static_cast<std::uint16_t>(sizeof(rtattr) + value.size()), .rta_type = type});
    return Put(value);
  }
  RtnetlinkMessage& Attribute(std::uint16_t type, const IpAddress& address) {
    return Attribute(type, std::as_bytes(address.octets()));
  }

  RtnetlinkMessage& Link(std::uint16_t type, int index, std::string_view name, unsigned flags = IFF_UP | IFF_LOWER_UP,
                         unsigned char family = AF_UNSPEC) {
    ifinfomsg head{};
    head.ifi_family = family;
    head.ifi_index = index;
    head.ifi_flags = flags;
    return Begin(type).Put(head).Attribute(IFLA_IFNAME, std::as_bytes(std::span(name)));
  }
  RtnetlinkMessage& Address(std::uint16_t type, int index, std::string_view text, int prefix_bits = 24,
                            std::uint32_t flags = IFA_F_PERMANENT) {
    const IpAddress address = *IpAddress::Parse(text);
    ifaddrmsg head{};
    head.ifa_family = address.is_ipv4() ? AF_INET : AF_INET6;
    head.ifa_prefixlen = static_cast<unsigned char>(prefix_bits);
    head.ifa_index = static_cast<unsigned>(index);
    return Begin(type)
        .Put(head)
        .Attribute(IFA_ADDRESS, address)
        .Attribute(IFA_FLAGS, std::as_bytes(std::span(&flags, 1)));
  }

  std::span<const std::byte> bytes() {
    Close();
    return bytes_;
  }

 private:
  void Close() {
    if (bytes_.empty()) return;
    const auto length = static_cast<std::uint32_t>(bytes_.size() - begun_);
    std::memcpy(bytes_.data() + begun_, &length, sizeof(length));
  }

  std::vector<std::byte> bytes_;
  std::size_t begun_ = 0;
};

}  // namespace flowbroker::testing
