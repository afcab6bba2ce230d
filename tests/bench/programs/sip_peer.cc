// A SIP peer on TCP that costs as little as possible: answers every request with 200, in which everything but the start
// line is that of the request. So an answer is about as long as its request.

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/sip/message_framer.h"
#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/listening_socket.h"

namespace flowbroker::bench {
namespace {

class Peer {
 public:
  Peer() : listener_(ListenAndSayPort()), epoll_(epoll_create1(EPOLL_CLOEXEC)) { Watch(listener_); }

  void Serve() {
    std::array<epoll_event, 64> events{};
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) OnReadable(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  void Watch(int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void OnReadable(int socket) {
    if (socket == listener_) return Accept();
    const ssize_t count = read(socket, scratch_.data(), scratch_.size());
    if (count <= 0) return Close(socket);
    Answer(socket, {scratch_.data(), static_cast<std::size_t>(count)});
  }

  void Accept() {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    framers_.emplace(socket, std::make_unique<sip::MessageFramer>(sip::FramerLimits{}));
    Watch(socket);
  }

  void Answer(int socket, std::string_view bytes) {
    sip::MessageFramer& framer = *framers_.at(socket);
    answers_.clear();
    framer.Append(bytes);
    while (const auto item = framer.Next()) {
      if (item->kind != sip::MessageFramer::Kind::kMessage) continue;
      answers_ += "SIP/2.0 200 OK";
      answers_ += item->bytes.substr(item->bytes.find("\r\n"));
    }
    framer.Compact();
    // Blocking: with a bounded number of requests outstanding the answers always fit the socket buffers.
    for (std::string_view left = answers_; !left.empty();) {
      const ssize_t count = write(socket, left.data(), left.size());
      if (count < 0 && errno != EINTR) return Close(socket);
      if (count > 0) left.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void Close(int socket) {
    framers_.erase(socket);
    close(socket);
  }

  int listener_;
  int epoll_;
  std::array<char, 65536> scratch_{};
  std::string answers_;
  std::unordered_map<int, std::unique_ptr<sip::MessageFramer>> framers_;
};

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  flowbroker::bench::Arguments(argc, argv, 0, "");
  flowbroker::bench::Peer().Serve();
}
