#include "broker/net/interface_monitor.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "broker/net/socket_error.h"

namespace flowbroker::net {
namespace {

using boost::system::error_code;

/// The kernel answers at once; this is for one that does not.
constexpr int kFirstAnswerMs = 2000;
/// Waits before it asks anew after an overrun, in the hope that the storm is over.
constexpr Duration kAfterOverrun = std::chrono::milliseconds(100);
/// The same where no socket could be had (out of descriptors).
constexpr Duration kAfterFailure = std::chrono::seconds(1);
/// Then the io_context's other work has a turn.
constexpr int kDatagramsPerTurn = 64;

error_code LastError() {
  return {errno, boost::system::system_category()};
}

}  // namespace

InterfaceMonitor::InterfaceMonitor(boost::asio::io_context& io, Changed changed, std::size_t buffer_octets)
    : changed_(std::move(changed)), socket_(io), timer_(io), buffer_(buffer_octets) {}

Expected<std::unique_ptr<InterfaceMonitor>> InterfaceMonitor::Create(boost::asio::io_context& io, Changed changed,
                                                                     std::size_t buffer_octets) {
  std::unique_ptr<InterfaceMonitor> monitor(new InterfaceMonitor(io, std::move(changed), buffer_octets));
  error_code error = monitor->Open();
  if (!error) error = monitor->AwaitWholeTable();
  if (error) return Unexpected(FailureOf(error, SocketPhase::kOpening));
  monitor->told_ = monitor->table_.interfaces();
  monitor->missed_something_ ? monitor->OpenLater(kAfterOverrun) : monitor->AwaitReadable();
  return monitor;
}

error_code InterfaceMonitor::Open() {
  error_code error;
  socket_.close(error);
  table_ = {};
  missed_something_ = false;
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (descriptor < 0) return LastError();
  socket_.assign(descriptor, error);
  if (error) {
    close(descriptor);
    return error;
  }
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  // Listening first and asking then leaves no gap.
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&groups), sizeof(groups)) != 0) return LastError();
  return Ask(Asked::kLinks);
}

error_code InterfaceMonitor::Ask(Asked what) {
  struct {
    nlmsghdr head;
    rtgenmsg family;
  } request{};
  request.head.nlmsg_len = sizeof(request);
  request.head.nlmsg_type = what == Asked::kLinks ? RTM_GETLINK : RTM_GETADDR;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.family.rtgen_family = AF_UNSPEC;
  if (send(socket_.native_handle(), &request, sizeof(request), 0) < 0) return LastError();
  asked_ = what;
  return {};
}

error_code InterfaceMonitor::AwaitWholeTable() {
  while (asked_ != Asked::kNothing && !missed_something_) {
    pollfd readable{.fd = socket_.native_handle(), .events = POLLIN, .revents = 0};
    const int ready = poll(&readable, 1, kFirstAnswerMs);
    if (ready < 0 && errno != EINTR) return LastError();
    if (ready == 0) return {ETIMEDOUT, boost::system::system_category()};
    if (ready > 0) ReadAll();
  }
  return {};
}

void InterfaceMonitor::AwaitReadable() {
  socket_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](const error_code& error) {
    if (!error) OnReadable();  // else closed
  });
}

void InterfaceMonitor::OnReadable() {
  ReadAll();
  if (missed_something_) return OpenLater(kAfterOverrun);
  if (asked_ == Asked::kNothing) TellChange();
  AwaitReadable();
}

void InterfaceMonitor::OpenLater(Duration delay) {
  error_code ignored;
  socket_.close(ignored);
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay));
  timer_.async_wait([this](const error_code& error) {
    if (error) return;
    Open() ? OpenLater(kAfterFailure) : AwaitReadable();
  });
}

void InterfaceMonitor::ReadAll() {
  for (int i = 0; i < kDatagramsPerTurn && ReadOne(); ++i) {
  }
}

bool InterfaceMonitor::ReadOne() {
  sockaddr_nl sender{};
  iovec space{buffer_.data(), buffer_.size()};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof(sender);
  message.msg_iov = &space;
  message.msg_iovlen = 1;
  const ssize_t length = recvmsg(socket_.native_handle(), &message, MSG_TRUNC);  // tells the whole length
  if (length <= 0) {
    if (errno == EINTR) return true;
    // ENOBUFS: messages were dropped.
    missed_something_ = missed_something_ || (errno != EAGAIN && errno != EWOULDBLOCK);
    return false;
  }
  const bool from_kernel = message.msg_namelen == sizeof(sender) && sender.nl_pid == 0;
  if (!from_kernel) return true;
  if (static_cast<std::size_t>(length) > buffer_.size()) {
    buffer_.resize(static_cast<std::size_t>(length));
    missed_something_ = true;
    return false;
  }
  for (const RtnetlinkEvent& event : ReadRtnetlink(std::span(buffer_).first(static_cast<std::size_t>(length)))) {
    On(event);
  }
  return !missed_something_;
}

void InterfaceMonitor::On(const RtnetlinkEvent& event) {
  if (const auto* link = std::get_if<LinkChange>(&event)) return table_.Apply(*link);
  if (const auto* address = std::get_if<AddressChange>(&event)) return table_.Apply(*address);
  if (const auto* ended = std::get_if<DumpEnded>(&event); ended != nullptr && ended->complete) {
    if (asked_ == Asked::kLinks) {
      missed_something_ = missed_something_ || Ask(Asked::kAddresses);
    } else {
      asked_ = Asked::kNothing;
    }
    return;
  }
  missed_something_ = true;
}

void InterfaceMonitor::TellChange() {
  auto now = table_.interfaces();
  if (now == told_) return;
  told_ = std::move(now);
  changed_(told_);
}

}  // namespace flowbroker::net
