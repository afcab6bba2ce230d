// A SIP peer that costs next to nothing: takes messages of 500 octets on TCP, as relay_rate sends them, and sends each
// back with its start line turned into "SIP/2.0 200".  sip_peer ADDRESS PORT
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kSize = 500;
constexpr std::string_view kRequest = "MESSAGE sip:bench@192.0.2.14 SIP/2.0";
constexpr std::string_view kResponse = "SIP/2.0 200 OK, as long as a request";
static_assert(kRequest.size() == kResponse.size());

int Listen(const char* address, int port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(port));
  const int one = 1;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (inet_pton(AF_INET, address, &name.sin_addr) != 1 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 || listen(fd, 4096) != 0) {
    std::perror("sip_peer");
    std::exit(1);
  }
  return fd;
}

void Watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Sends back every complete message of `buffer`.
bool Answer(int fd, std::string& buffer) {
  const std::size_t whole = buffer.size() / kSize * kSize;
  for (std::size_t at = 0; at < whole; at += kSize) buffer.replace(at, kResponse.size(), kResponse);
  std::size_t sent = 0;
  while (sent < whole) {
    const ssize_t size = send(fd, buffer.data() + sent, whole - sent, MSG_NOSIGNAL);
    if (size <= 0) return false;
    sent += static_cast<std::size_t>(size);
  }
  buffer.erase(0, whole);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int listener = Listen(argv[1], std::atoi(argv[2]));
  const int epoll = epoll_create1(0);
  Watch(epoll, listener);
  std::map<int, std::string> buffers;
  std::array<char, 65536> octets{};
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    std::array<epoll_event, 64> events{};
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        if (const int peer = accept(listener, nullptr, nullptr); peer >= 0) Watch(epoll, peer);
        continue;
      }
      const ssize_t size = recv(fd, octets.data(), octets.size(), 0);
      std::string& buffer = buffers[fd];
      if (size > 0) buffer.append(octets.data(), static_cast<std::size_t>(size));
      if (size <= 0 || !Answer(fd, buffer)) {
        buffers.erase(fd);
        close(fd);
      }
    }
  }
}
