#include "broker/net/datagram_connection.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "broker/net/asio_address.h"

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Datagrams per wake-up, so that one busy peer does not starve the others of its shard.
constexpr int kDatagramsPerTurn = 32;

/// RFC 5626 s.4.4: keep-alives on UDP are STUN or CRLF; neither is a message.
bool IsKeepAlive(std::string_view datagram) {
  return datagram.find_first_not_of("\r\n") == std::string_view::npos;
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
    if (error) return End(FailureOf(error, SocketPhase::kConnecting));  // ICMP speaks of the path in every phase
    OnDatagram({sockets_.scratch.data(), count});
  }
  AwaitReadable();
}

void DatagramConnection::OnDatagram(std::string_view datagram) {
  const sip::MessageFramer::Item item{
      IsKeepAlive(datagram) ? sip::MessageFramer::Kind::kPong : sip::MessageFramer::Kind::kMessage, datagram};
  sockets_.listener.OnReceived(id_, {&item, 1});
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
  if (error && error != asio::error::would_block) EndSoon(FailureOf(error, SocketPhase::kConnecting));
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
