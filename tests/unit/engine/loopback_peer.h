#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace flowbroker::engine {

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  int get() const { return fd_; }
  void Reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

/// A SIP peer on 127.0.0.1 under the test's control: real sockets, a port chosen by the kernel, blocking calls that
/// give up after ten seconds.
class LoopbackPeer {
 public:
  explicit LoopbackPeer(int type = SOCK_STREAM) : listener_(socket(AF_INET, type, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t length = sizeof(address);
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) throw std::runtime_error("bind");
    if (type == SOCK_STREAM && listen(listener_.get(), 64) != 0) throw std::runtime_error("listen");
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const { return port_; }
  std::string TcpUri() const { return "sip:127.0.0.1:" + std::to_string(port_) + ";transport=tcp"; }
  std::string UdpUri() const { return "sip:127.0.0.1:" + std::to_string(port_) + ";transport=udp"; }

  Descriptor Accept() const {
    Await(listener_.get());
    return Descriptor(accept(listener_.get(), nullptr, nullptr));
  }

  /// Reads until the text seen so far contains `end`.
  static std::string ReadUntil(const Descriptor& connection, std::string_view end) {
    std::string text;
    while (text.find(end) == std::string::npos) {
      Await(connection.get());
      char buffer[4096];
      const ssize_t count = recv(connection.get(), buffer, sizeof(buffer), 0);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

  static void Write(const Descriptor& connection, std::string_view text) {
    if (send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("send");
    }
  }

  /// UDP: answers one datagram with `answer(request)`.
  template <typename Answer>
  void AnswerDatagram(Answer answer) const {
    Await(listener_.get());
    char buffer[65536];
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    const ssize_t count =
        recvfrom(listener_.get(), buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&from), &length);
    const std::string reply = answer(std::string(buffer, static_cast<std::size_t>(count)));
    sendto(listener_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
  }

  void StopListening() { listener_.Reset(); }

 private:
  static void Await(int fd) {
    pollfd waits{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&waits, 1, 10'000) != 1) throw std::runtime_error("nothing came within ten seconds");
  }

  Descriptor listener_;
  std::uint16_t port_;
};

}  // namespace flowbroker::engine
