#pragma once

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/bench/programs/arguments.h"

namespace flowbroker::bench {

/// Where a datagram of the swarm came from or goes to; both in host order.
struct Ipv4Place {
  std::uint32_t address;
  std::uint16_t port;
};

/// A TUN device: the other end of a network, on which one program may have any number of IPv4 addresses. Needs root.
class TunDevice {
 public:
  struct Received {
    Ipv4Place from;
    Ipv4Place to;
    std::string_view octets;  // valid until the next Read
  };

  explicit TunDevice(const std::string& name) : descriptor_(open("/dev/net/tun", O_RDWR | O_NONBLOCK)) {
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (descriptor_ < 0 || ioctl(descriptor_, TUNSETIFF, &request) != 0) Die("no TUN device: " + ErrorText());
  }
  TunDevice(const TunDevice&) = delete;
  TunDevice& operator=(const TunDevice&) = delete;
  ~TunDevice() { close(descriptor_); }

  int descriptor() const { return descriptor_; }

  /// False where there is no UDP datagram to read now.
  bool Read(Received& datagram) {
    while (true) {
      const ssize_t size = read(descriptor_, buffer_.data(), buffer_.size());
      if (size < 0) return false;
      const auto octets = static_cast<std::size_t>(size);
      if (octets < kHeaders || Octet(0) != 0x45 || Octet(9) != IPPROTO_UDP) continue;  // IPv6 of the kernel itself
      datagram = {
          {Number32(12), Number16(20)}, {Number32(16), Number16(22)}, {buffer_.data() + kHeaders, octets - kHeaders}};
      return true;
    }
  }

  /// False where the device is full.
  bool Send(const Ipv4Place& from, const Ipv4Place& to, std::string_view octets) {
    std::array<char, 2048> packet{};
    const auto put16 = [&](std::size_t at, std::uint32_t number) {
      packet[at] = static_cast<char>(number >> 8U);
      packet[at + 1] = static_cast<char>(number);
    };
    packet[0] = 0x45;
    put16(2, static_cast<std::uint32_t>(kHeaders + octets.size()));
    packet[8] = 64;
    packet[9] = IPPROTO_UDP;
    put16(12, from.address >> 16U);
    put16(14, from.address & 0xFFFFU);
    put16(16, to.address >> 16U);
    put16(18, to.address & 0xFFFFU);
    put16(10, HeaderChecksum(packet.data()));
    put16(20, from.port);
    put16(22, to.port);
    put16(24, static_cast<std::uint32_t>(8 + octets.size()));  // no checksum: 0 is allowed over IPv4
    std::memcpy(packet.data() + kHeaders, octets.data(), octets.size());
    return write(descriptor_, packet.data(), kHeaders + octets.size()) > 0;
  }

 private:
  static constexpr std::size_t kHeaders = 28;
  static constexpr int IPPROTO_UDP = 17;

  static std::string ErrorText() { return std::strerror(errno); }

  static std::uint32_t HeaderChecksum(const char* header) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2) {
      sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(header[i]) << 8U |
                                        static_cast<std::uint8_t>(header[i + 1]));
    }
    while (sum > 0xFFFFU) sum = (sum & 0xFFFFU) + (sum >> 16U);
    return ~sum & 0xFFFFU;
  }

  std::uint8_t Octet(std::size_t at) const { return static_cast<std::uint8_t>(buffer_[at]); }
  std::uint16_t Number16(std::size_t at) const { return static_cast<std::uint16_t>(Octet(at) << 8U | Octet(at + 1)); }
  std::uint32_t Number32(std::size_t at) const {
    return static_cast<std::uint32_t>(Number16(at)) << 16U | Number16(at + 2);
  }

  int descriptor_;
  std::array<char, 4096> buffer_{};
};

}  // namespace flowbroker::bench
