#include "clients/cpp/handoff.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

namespace flowbroker::client {
namespace {

tl::unexpected<Error> Unavailable(const HandoffTicket& ticket, const std::string& why) {
  return tl::unexpected(Error{.code = Code::kUnavailable,
                              .failure = std::string(kBrokerUnreachable),
                              .message = "handoff socket " + ticket.socket_path + ": " + why});
}

/// Every operation of the socket ends within `timeout`. Zero would mean no limit.
bool LimitTime(int socket, Duration timeout) {
  const auto left =
      std::max(std::chrono::duration_cast<std::chrono::microseconds>(timeout), std::chrono::microseconds(1));
  const timeval limit{.tv_sec = left.count() / 1'000'000, .tv_usec = left.count() % 1'000'000};
  return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
         setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0;
}

bool Connect(int socket, const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof(name.sun_path)) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  return connect(socket, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
}

/// The broker's answer: one octet, and with "+" one descriptor. -1: the call failed.
ssize_t ReceiveAnswer(int socket, std::optional<Descriptor>& received) {
  char octet = 0;
  iovec data{.iov_base = &octet, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* rights = count > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) return count;
  int descriptor = 0;
  std::memcpy(&descriptor, CMSG_DATA(rights), sizeof(descriptor));
  received.emplace(descriptor);
  if (octet != '+') received.reset();
  return count;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ != kNone) close(number_);
}

Result<Descriptor> ReceiveDescriptor(const HandoffTicket& ticket, Duration timeout) {
  const auto failed = [&ticket] { return Unavailable(ticket, std::generic_category().message(errno)); };
  const Descriptor exchange(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (exchange.get() < 0 || !LimitTime(exchange.get(), timeout)) return failed();
  if (!Connect(exchange.get(), ticket.socket_path)) return failed();
  const std::string line = ticket.ticket + "\n";
  // One that was refused before it spoke finds the answer waiting all the same.
  const bool sent = send(exchange.get(), line.data(), line.size(), MSG_NOSIGNAL) > 0;
  if (!sent && errno != EPIPE) return failed();
  std::optional<Descriptor> received;
  if (ReceiveAnswer(exchange.get(), received) < 0) return failed();
  if (received) return *std::move(received);
  return tl::unexpected(Error{
      .code = Code::kNotFound, .failure = "unknown_flow", .message = "the handoff ticket is worth nothing any more"});
}

}  // namespace flowbroker::client
