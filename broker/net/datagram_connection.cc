#include "broker/net/datagram_connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "broker/net/asio_address.h"
#include "broker/sip/datagram.h"

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Datagrams per wake-up, so that one busy peer does not starve the others of its shard.
constexpr int kDatagramsPerTurn = 32;

/// Errors that cost one datagram and say nothing about the path: the next one passes, fragmented or after a pause.
bool IsLossOfOne(const error_code& error) {
  return error == asio::error::message_size || error == asio::error::no_buffer_space;
}

}  // namespace

DatagramConnection::DatagramConnection(ShardSockets& sockets, flow::ConnectionId id)
    : sockets_(sockets), id_(id), socket_(sockets.io) {}

void DatagramConnection::Start(const ConnectSpec& spec) {
  if (const error_code error = OpenSocket(spec)) return EndSoon(FailureOf(error, SocketPhase::kOpening));
  asio::post(sockets_.io, [self = shared_from_this()] {
    if (self->closed_) return;
    error_code error;
    const auto local = self->socket_.local_endpoint(error);
    if (error) return self->End(FailureOf(error, SocketPhase::kConnecting));
    self->AwaitReadable();
    self->sockets_.listener.OnConnected(self->id_, FromAsio(local), std::nullopt);
  });
}

error_code DatagramConnection::OpenSocket(const ConnectSpec& spec) {
  error_code error;
  const auto remote = ToAsio<asio::ip::udp>(spec.target.endpoint);
  if (socket_.open(remote.protocol(), error)) return error;
  if (socket_.non_blocking(true, error)) return error;
  if ((error = SetIcmpOptions(socket_.native_handle(), spec.target.endpoint.address.is_ipv4()))) return error;
  if ((error = BindLocally(socket_.native_handle(), spec.local_address, spec.local_interface))) return error;
  return socket_.connect(remote, error);
}

void DatagramConnection::AwaitReadable() {
  if (read_pending_ || reading_paused_ || closed_) return;
  read_pending_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](const error_code& error) {
    self->read_pending_ = false;
    if (!error) self->Read();
  });
}

void DatagramConnection::Read() {
  for (int turn = 0; turn < kDatagramsPerTurn && !closed_ && !reading_paused_; ++turn) {
    error_code error;
    const std::size_t count = socket_.receive(asio::buffer(sockets_.scratch), 0, error);
    if (error == asio::error::would_block) break;
    if (IsLossOfOne(error)) {
      DiscardErrorQueue();
      continue;
    }
    if (error) return End(FailureOf(error, SocketPhase::kConnecting));  // ICMP speaks of the path in every phase
    OnDatagram({sockets_.scratch.data(), count});
  }
  AwaitReadable();
}

void DatagramConnection::OnDatagram(std::string_view datagram) {
  // A keep-alive shows that the peer lives, not that it heard us: pongs exist on streams only (RFC 5626 s.4.4).
  const sip::MessageFramer::Item item{sip::KindOfDatagram(datagram), datagram};
  sockets_.listener.OnReceived(id_, {&item, 1});
}

void DatagramConnection::DiscardErrorQueue() {
  std::array<char, 512> content;
  msghdr message{};
  iovec place{content.data(), content.size()};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  while (recvmsg(socket_.native_handle(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
  }
}

void DatagramConnection::ResumeReading() {
  reading_paused_ = false;
  AwaitReadable();
}

void DatagramConnection::Send(std::string_view bytes) {
  if (closed_) return;
  error_code error;
  socket_.send(asio::buffer(bytes), 0, error);
  // A full socket buffer loses the datagram like any router on the way would; SIP retransmits.
  if (error && error != asio::error::would_block && !IsLossOfOne(error))
    EndSoon(FailureOf(error, SocketPhase::kConnecting));
}

void DatagramConnection::Close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
}

void DatagramConnection::End(Failure failure) {
  if (closed_) return;
  Close();
  sockets_.listener.OnEnded(id_, failure);
}

void DatagramConnection::EndSoon(Failure failure) {
  asio::post(sockets_.io, [self = shared_from_this(), failure = std::move(failure)] { self->End(failure); });
}

}  // namespace flowbroker::net
