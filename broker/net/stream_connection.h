#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "broker/net/shard_sockets.h"
#include "broker/net/socket_error.h"
#include "broker/net/stream_listener.h"

namespace flowbroker::net {

class TlsSession;

/// A TCP or TLS connection. Keeps itself alive while an operation of its socket is pending; after Close or OnEnded its
/// handlers do nothing.
class StreamConnection final : public Connection, public std::enable_shared_from_this<StreamConnection> {
 public:
  StreamConnection(ShardSockets& sockets, flow::ConnectionId id, const sip::FramerLimits& framing);
  ~StreamConnection() override;

  void Start(const ConnectSpec& spec);
  /// Takes over a connection that the peer has opened.
  void Adopt(AcceptedSocket accepted, Transport transport);

  void Send(std::string_view bytes) override;
  std::size_t queued() const override { return write_pending_ ? unsent_.size() : 0; }
  void PauseReading() override { reading_paused_ = true; }
  void ResumeReading() override;
  Expected<OwnedDescriptor> HandOver() override;
  void Close() override;

 private:
  enum class State : std::uint8_t {
    kConnecting,   ///< SYN sent
    kHandshaking,  ///< TLS handshake under way
    kConnected,    ///< messages can pass
    kClosed,       ///< nothing happens any more
  };

  boost::system::error_code OpenSocket(const ConnectSpec& spec);
  void BeginAccepted();
  void OnConnected(const boost::system::error_code& error);
  std::optional<Duration> ConnectRtt() const;
  void BeginTls(std::optional<Duration> tcp_rtt);
  void BecomeConnected(std::optional<Duration> rtt);
  void AwaitReadable();
  void Read();
  void OnBytes(std::string_view bytes);
  void OnTlsBytes(std::string_view bytes);
  void OnPlainBytes(std::string_view bytes);
  /// Gives a user agent so much time for the rest of a message. `progress`: one has just been completed.
  void LimitMessageTime(bool progress);
  /// So many octets wait here for the rest of their message.
  void CountPartial(std::size_t octets);
  void Write(std::string_view bytes);
  void FlushSoon();  ///< so that messages sent in one turn share a system call
  void Flush();
  void AwaitWritable();
  void MarkClosed();
  void End(Failure failure);
  void EndSoon(Failure failure);
  SocketPhase phase() const {
    return state_ == State::kConnecting ? SocketPhase::kConnecting : SocketPhase::kConnected;
  }

  ShardSockets& sockets_;
  flow::ConnectionId id_;
  boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type> socket_;
  std::shared_ptr<TlsContext> tls_context_;  // that of its beginning; outlives tls_
  std::unique_ptr<TlsSession> tls_;
  sip::MessageFramer framer_;
  std::size_t partial_octets_ = 0;  ///< counted in sockets_; of user agents only
  std::string unsent_;
  TimePoint stage_began_;
  /// Set while a user agent owes the rest of a message.
  std::unique_ptr<boost::asio::steady_timer> message_timer_;
  State state_ = State::kConnecting;
  bool accepted_ = false;
  bool for_handoff_ = false;
  bool reading_paused_ = false;
  bool read_pending_ = false;
  bool write_pending_ = false;  ///< the kernel took less than all of unsent_
  bool flush_pending_ = false;  ///< nothing of unsent_ was offered to it yet
};

}  // namespace flowbroker::net
