#include "broker/net/datagram_listener.h"

#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "broker/net/asio_address.h"
#include "broker/net/socket_error.h"

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

constexpr std::size_t kLongestDatagram = 65'536;
/// Per wake-up, so that nobody who floods starves the other sockets of the shard.
constexpr int kBatchesPerTurn = 4;
constexpr int kErrorsPerTurn = 64;
/// Where datagrams come closer together than that, they are waited for, to be read together: to wake up for each costs
/// several times what it costs to read it.
constexpr std::chrono::milliseconds kGathering(1);
/// How often the kernel is asked what it has lost.
constexpr std::chrono::seconds kCounting(1);
/// Half a second of a million user agents that are kept alive, at a kilobyte each with what the kernel adds.
constexpr int kBufferOctets = 16 * 1024 * 1024;

error_code LastError() {
  return {errno, boost::system::system_category()};
}

Failure CannotListen(const Endpoint& local, const error_code& error) {
  return {FailureReason::kInvalidArgument, "cannot listen on UDP " + local.ToString() + ": " + error.message()};
}

/// As much as the kernel allows; with less there are only sooner losses.
void EnlargeBuffers(int socket) {
  for (const auto& [force, ask] : {std::pair{SO_RCVBUFFORCE, SO_RCVBUF}, std::pair{SO_SNDBUFFORCE, SO_SNDBUF}}) {
    if (setsockopt(socket, SOL_SOCKET, force, &kBufferOctets, sizeof(kBufferOctets)) == 0) continue;
    setsockopt(socket, SOL_SOCKET, ask, &kBufferOctets, sizeof(kBufferOctets));
  }
}

template <typename Socket>
error_code OpenAndBind(Socket& socket, const Endpoint& local, bool shared) {
  error_code error;
  const auto endpoint = ToAsio<udp>(local);
  if (socket.open(endpoint.protocol(), error)) return error;
  if (endpoint.protocol() == udp::v6() && socket.set_option(asio::ip::v6_only(true), error)) return error;
  const int on = 1;
  if (shared && setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) return LastError();
  return socket.bind(endpoint, error);
}

/// The error that ICMP reported; nothing for those of our own kernel.
std::optional<error_code> IcmpErrorIn(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
    const bool ipv4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR;
    const bool ipv6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR;
    if (!ipv4 && !ipv6) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(control), sizeof(error));
    if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) return std::nullopt;
    return error_code(static_cast<int>(error.ee_errno), boost::system::system_category());
  }
  return std::nullopt;
}

}  // namespace

DatagramListener::DatagramListener(asio::io_context& io, std::uint16_t number, DatagramSink& sink)
    : number_(number),
      sink_(sink),
      socket_(io),
      pause_(io),
      octets_(std::make_unique_for_overwrite<char[]>(kBatch * kLongestDatagram)) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    places_[i] = {octets_.get() + i * kLongestDatagram, kLongestDatagram};
    headers_[i].msg_hdr.msg_name = remotes_[i].data();
    headers_[i].msg_hdr.msg_iov = &places_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

Expected<Endpoint> DatagramListener::Claim(const Endpoint& local) {
  asio::io_context io;
  udp::socket socket(io);
  if (const error_code error = OpenAndBind(socket, local, /*shared=*/false)) {
    return Unexpected(CannotListen(local, error));
  }
  error_code ignored;
  return FromAsio(socket.local_endpoint(ignored));
}

Expected<std::unique_ptr<DatagramListener>> DatagramListener::Open(asio::io_context& io, std::uint16_t number,
                                                                   const Endpoint& local, DatagramSink& sink) {
  std::unique_ptr<DatagramListener> listener(new DatagramListener(io, number, sink));
  Socket& socket = listener->socket_;
  if (const error_code error = OpenAndBind(socket, local, /*shared=*/true)) {
    return Unexpected(CannotListen(local, error));
  }
  error_code error;
  if (socket.non_blocking(true, error)) return Unexpected(CannotListen(local, error));
  if (const auto failed = SetIcmpOptions(socket.native_handle(), local.address.is_ipv4())) {
    return Unexpected(CannotListen(local, failed));
  }
  EnlargeBuffers(socket.native_handle());
  return listener;
}

void DatagramListener::AwaitReadable() {
  socket_.async_wait(asio::socket_base::wait_read, [this](const error_code& error) {
    if (error || closed_) return;
    const auto now = std::chrono::steady_clock::now();
    const bool often = now - std::exchange(last_read_, now) < kGathering;
    if (!Read()) ReadErrors();  // what else could have woken it
    CountUnread();
    if (!closed_) often ? ReadLater() : AwaitReadable();
  });
}

void DatagramListener::ReadLater() {
  pause_.expires_after(kGathering);
  pause_.async_wait([this](const error_code& error) {
    if (error || closed_) return;
    const bool more = Read();
    last_read_ = std::chrono::steady_clock::now();
    CountUnread();
    if (!closed_) more ? ReadLater() : AwaitReadable();
  });
}

bool DatagramListener::Read() {
  for (int batch = 0; batch < kBatchesPerTurn && !closed_; ++batch) {
    if (errors_wait_) ReadErrors();
    if (!ReadBatch()) return batch > 0 || !received_.empty();
  }
  return true;
}

void DatagramListener::CountUnread() {
  if (closed_ || last_read_ - counted_ < kCounting) return;
  counted_ = last_read_;
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof(memory);
  if (getsockopt(socket_.native_handle(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return;
  const std::uint32_t fresh = memory[SK_MEMINFO_DROPS] - std::exchange(unread_, memory[SK_MEMINFO_DROPS]);
  if (fresh > 0) sink_.OnUnread(fresh);
}

bool DatagramListener::ReadBatch() {
  received_.clear();
  for (mmsghdr& header : headers_) header.msg_hdr.msg_namelen = static_cast<socklen_t>(remotes_[0].capacity());
  const int count = recvmmsg(socket_.native_handle(), headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count <= 0) {
    errors_wait_ = errors_wait_ || (count < 0 && errno != EAGAIN);
    return errors_wait_;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    remotes_[i].resize(headers_[i].msg_hdr.msg_namelen);
    received_.push_back({FromAsio(remotes_[i]), {octets_.get() + i * kLongestDatagram, headers_[i].msg_len}});
  }
  sink_.OnDatagrams(number_, received_);
  return static_cast<std::size_t>(count) == kBatch;
}

void DatagramListener::ReadErrors() {
  errors_wait_ = false;
  for (int turn = 0; turn < kErrorsPerTurn && !closed_; ++turn) {
    SocketAddress remote;
    std::array<char, 512> control;
    char octet = 0;  // the rest of what was sent is of no interest
    iovec place{&octet, 1};
    msghdr message{};
    message.msg_name = remote.data();
    message.msg_namelen = static_cast<socklen_t>(remote.capacity());
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(socket_.native_handle(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    const auto error = IcmpErrorIn(message);
    if (!error || *error == asio::error::message_size || message.msg_namelen == 0) continue;
    remote.resize(message.msg_namelen);
    sink_.OnUnreachable(number_, FromAsio(remote), FailureOf(*error, SocketPhase::kConnecting));
  }
}

void DatagramListener::Send(const Endpoint& remote, std::string octets) {
  waiting_.push_back({ToAsio<udp>(remote), std::move(octets)});
}

void DatagramListener::Flush() {
  std::span<Waiting> left(waiting_);
  std::size_t unsent = 0;
  while (!left.empty() && !closed_) {
    const int sent = SendBatch(left.first(std::min(left.size(), kBatch)));
    const std::size_t lost = sent >= 0 ? 0 : errno == EAGAIN ? left.size() : 1;
    unsent += lost;
    left = left.subspan(sent >= 0 ? static_cast<std::size_t>(sent) : lost);
  }
  waiting_.clear();
  if (unsent > 0) sink_.OnUnsent(unsent);
}

int DatagramListener::SendBatch(std::span<Waiting> batch) {
  std::array<iovec, kBatch> places;
  std::array<mmsghdr, kBatch> headers{};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    places[i] = {batch[i].octets.data(), batch[i].octets.size()};
    headers[i].msg_hdr.msg_name = batch[i].remote.data();
    headers[i].msg_hdr.msg_namelen = static_cast<socklen_t>(batch[i].remote.size());
    headers[i].msg_hdr.msg_iov = &places[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  const auto count = static_cast<unsigned>(batch.size());
  const int handle = socket_.native_handle();
  const int sent = sendmmsg(handle, headers.data(), count, MSG_DONTWAIT);
  // An ICMP error about somebody else is told to whoever sends next; that it was told has cleared it.
  if (sent < 0 && errno == EAGAIN) return sent;
  errors_wait_ = errors_wait_ || sent < static_cast<int>(count);
  if (sent >= 0) return sent;
  return sendmmsg(handle, headers.data(), count, MSG_DONTWAIT);
}

void DatagramListener::Close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

}  // namespace flowbroker::net
