#include "broker/net/stream_connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "broker/net/asio_address.h"
#include "broker/net/tls_context.h"
#include "broker/net/tls_session.h"

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Reads per wake-up, so that one busy peer does not starve the others of its shard.
constexpr int kReadsPerTurn = 8;

/// A REGISTER or an INVITE in parts is never refused for what others hold.
constexpr std::size_t kSmallPartial = 16 * 1024;

/// Has the kernel find out by itself that a user agent has gone without a word: after 2 minutes of silence, 3 questions
/// 20 s apart, or after 30 s in which it has not taken what was sent. Connections of user agents live as long as a
/// registration and may be silent all the time.
error_code DetectDeadPeer(int socket) {
  const auto set = [socket](int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof(value)) == 0;
  };
  const bool done = set(SOL_SOCKET, SO_KEEPALIVE, 1) && set(IPPROTO_TCP, TCP_KEEPIDLE, 120) &&
                    set(IPPROTO_TCP, TCP_KEEPINTVL, 20) && set(IPPROTO_TCP, TCP_KEEPCNT, 3) &&
                    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
  return done ? error_code() : error_code(errno, boost::system::system_category());
}

}  // namespace

StreamConnection::StreamConnection(ShardSockets& sockets, flow::ConnectionId id, const sip::FramerLimits& framing)
    : sockets_(sockets), id_(id), socket_(sockets.io), framer_(framing), stage_began_(sockets.clock.Now()) {}

StreamConnection::~StreamConnection() = default;

void StreamConnection::Start(const ConnectSpec& spec) {
  for_handoff_ = reading_paused_ = spec.for_handoff;
  if (spec.target.transport == Transport::kTls) {
    if (sockets_.tls == nullptr) return EndSoon({FailureReason::kTlsHandshakeFailed, "TLS is not configured"});
    tls_context_ = sockets_.tls;
    tls_ = std::make_unique<TlsSession>(*tls_context_, spec.tls_identity, spec.target.endpoint);
  }
  if (const error_code error = OpenSocket(spec)) return EndSoon(FailureOf(error, SocketPhase::kOpening));
  socket_.async_connect(ToAsio<asio::ip::tcp>(spec.target.endpoint),
                        [self = shared_from_this()](const error_code& error) { self->OnConnected(error); });
}

void StreamConnection::Adopt(AcceptedSocket accepted, Transport transport) {
  accepted_ = true;
  error_code error;
  const auto protocol = ToAsio<asio::ip::tcp>(accepted.remote).protocol();
  if (!socket_.assign(protocol, accepted.descriptor.get(), error)) (void)accepted.descriptor.Release();
  if (!error) socket_.non_blocking(true, error);
  if (!error) socket_.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error) error = DetectDeadPeer(socket_.native_handle());
  if (error) return EndSoon(FailureOf(error, SocketPhase::kOpening));
  if (transport == Transport::kTls) {
    if (sockets_.tls == nullptr) return EndSoon({FailureReason::kTlsHandshakeFailed, "TLS is not configured"});
    tls_context_ = sockets_.tls;
    tls_ = std::make_unique<TlsSession>(*tls_context_);
  }
  asio::post(sockets_.io, [self = shared_from_this()] { self->BeginAccepted(); });
}

void StreamConnection::BeginAccepted() {
  if (state_ == State::kClosed) return;
  if (tls_ == nullptr) return BecomeConnected(std::nullopt);
  state_ = State::kHandshaking;
  std::string nothing;  // the user agent speaks first
  if (tls_->Start(nothing) == TlsSession::State::kFailed) return End(*tls_->failure());
  AwaitReadable();
}

error_code StreamConnection::OpenSocket(const ConnectSpec& spec) {
  error_code error;
  const auto remote = ToAsio<asio::ip::tcp>(spec.target.endpoint);
  if (socket_.open(remote.protocol(), error)) return error;
  if (socket_.set_option(asio::ip::tcp::no_delay(true), error)) return error;
  if (socket_.non_blocking(true, error)) return error;
  return BindLocally(socket_.native_handle(), spec.local_address, spec.local_interface);
}

void StreamConnection::OnConnected(const error_code& error) {
  if (state_ == State::kClosed) return;
  if (error) return End(FailureOf(error, SocketPhase::kConnecting));
  const std::optional<Duration> rtt = ConnectRtt();
  if (tls_ != nullptr) return BeginTls(rtt);
  BecomeConnected(rtt);
}

std::optional<Duration> StreamConnection::ConnectRtt() const {
  tcp_info info{};
  socklen_t length = sizeof(info);
  const bool known = getsockopt(const_cast<StreamConnection*>(this)->socket_.native_handle(), IPPROTO_TCP, TCP_INFO,
                                &info, &length) == 0;
  if (!known || info.tcpi_total_retrans > 0) return std::nullopt;  // Karn: which SYN was answered?
  return sockets_.clock.Now() - stage_began_;
}

void StreamConnection::BeginTls(std::optional<Duration> tcp_rtt) {
  state_ = State::kHandshaking;
  stage_began_ = sockets_.clock.Now();
  sockets_.listener.OnTlsBegins(id_, tcp_rtt);
  if (state_ == State::kClosed) return;
  std::string hello;
  if (tls_->Start(hello) == TlsSession::State::kFailed) return End(*tls_->failure());
  Write(hello);
  if (state_ != State::kClosed) AwaitReadable();
}

void StreamConnection::BecomeConnected(std::optional<Duration> rtt) {
  state_ = State::kConnected;
  error_code error;
  const auto local = socket_.local_endpoint(error);
  if (error) return End(FailureOf(error, SocketPhase::kConnected));
  sockets_.listener.OnConnected(id_, FromAsio(local), rtt);
  if (state_ == State::kConnected) AwaitReadable();
}

void StreamConnection::AwaitReadable() {
  if (read_pending_ || reading_paused_ || state_ == State::kClosed) return;
  read_pending_ = true;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](const error_code& error) {
    self->read_pending_ = false;
    if (!error) self->Read();
  });
}

void StreamConnection::Read() {
  for (int turn = 0; turn < kReadsPerTurn && state_ != State::kClosed && !reading_paused_; ++turn) {
    error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(sockets_.scratch), error);
    if (error == asio::error::would_block) break;
    if (error) return End(FailureOf(error, phase()));
    OnBytes({sockets_.scratch.data(), count});
    if (count < sockets_.scratch.size()) break;
  }
  AwaitReadable();
}

void StreamConnection::OnBytes(std::string_view bytes) {
  if (tls_ != nullptr) return OnTlsBytes(bytes);
  OnPlainBytes(bytes);
}

void StreamConnection::OnTlsBytes(std::string_view bytes) {
  std::string to_peer;
  std::string plaintext;
  const TlsSession::State tls_state = tls_->Receive(bytes, to_peer, plaintext);
  if (!to_peer.empty()) Write(to_peer);
  if (state_ == State::kHandshaking && tls_state == TlsSession::State::kEstablished) {
    const Duration rtt = sockets_.clock.Now() - stage_began_;
    if (!accepted_) sockets_.listener.OnTlsVerified(id_, tls_->peer_identities());
    if (state_ == State::kHandshaking) BecomeConnected(rtt);
  }
  if (state_ == State::kConnected && !plaintext.empty()) OnPlainBytes(plaintext);
  if (state_ == State::kClosed) return;
  if (tls_state == TlsSession::State::kFailed) return End(*tls_->failure());
  if (tls_state == TlsSession::State::kClosed) End({FailureReason::kClosedByPeer, "TLS close_notify"});
}

void StreamConnection::OnPlainBytes(std::string_view bytes) {
  framer_.Append(bytes);
  std::vector<sip::MessageFramer::Item> items;
  while (const auto item = framer_.Next()) items.push_back(*item);
  if (!items.empty()) sockets_.listener.OnReceived(id_, items);
  if (state_ == State::kClosed) return;
  if (framer_.failure()) return End(*framer_.failure());
  framer_.Compact();
  if (!accepted_) return;
  CountPartial(framer_.buffered());
  if (partial_octets_ > kSmallPartial && sockets_.partial_octets > sockets_.max_partial_octets) {
    return End({FailureReason::kLimitReached, "max_partial_octets: too many large messages are under way"});
  }
  LimitMessageTime(!items.empty());
}

void StreamConnection::CountPartial(std::size_t octets) {
  sockets_.partial_octets += octets;
  sockets_.partial_octets -= std::exchange(partial_octets_, octets);
}

void StreamConnection::LimitMessageTime(bool progress) {
  if (framer_.buffered() == 0) return message_timer_.reset();
  if (message_timer_ != nullptr && !progress) return;
  message_timer_ = std::make_unique<asio::steady_timer>(
      sockets_.io, std::chrono::duration_cast<asio::steady_timer::duration>(sockets_.accepted_message_time));
  message_timer_->async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->state_ == State::kClosed) return;
    if (self->reading_paused_) return self->message_timer_.reset();  // the rest may lie unread in the socket
    self->End({FailureReason::kMalformedMessage, "the rest of a message did not come in time"});
  });
}

void StreamConnection::ResumeReading() {
  if (for_handoff_) return;
  reading_paused_ = false;
  AwaitReadable();
}

void StreamConnection::Send(std::string_view bytes) {
  if (state_ != State::kConnected) return;
  if (tls_ == nullptr) {
    unsent_.append(bytes);
  } else if (tls_->Send(bytes, unsent_) == TlsSession::State::kFailed) {
    return EndSoon(*tls_->failure());
  }
  FlushSoon();
}

void StreamConnection::FlushSoon() {
  if (flush_pending_ || write_pending_) return;
  flush_pending_ = true;
  asio::post(sockets_.io, [self = shared_from_this()] {
    self->flush_pending_ = false;
    self->Flush();
  });
}

void StreamConnection::Flush() {
  if (state_ == State::kClosed || unsent_.empty()) return;
  Write(std::exchange(unsent_, {}));
  if (state_ != State::kClosed) sockets_.listener.OnQueueChanged(id_);
}

void StreamConnection::Write(std::string_view bytes) {
  error_code error;
  if (unsent_.empty()) {
    const std::size_t count = socket_.write_some(asio::buffer(bytes), error);
    if (error && error != asio::error::would_block) return EndSoon(FailureOf(error, phase()));
    bytes.remove_prefix(count);
  }
  unsent_.append(bytes);
  if (!unsent_.empty() && !flush_pending_) AwaitWritable();
}

void StreamConnection::AwaitWritable() {
  if (write_pending_) return;
  write_pending_ = true;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](const error_code& error) {
    self->write_pending_ = false;
    if (!error) self->Flush();
  });
}

void StreamConnection::Close() {
  if (state_ == State::kConnected && !write_pending_) {
    if (tls_ != nullptr) tls_->Close(unsent_);
    error_code ignored;  // a peer that is gone needs no goodbye
    socket_.write_some(asio::buffer(unsent_), ignored);
  }
  MarkClosed();
}

void StreamConnection::MarkClosed() {
  state_ = State::kClosed;
  CountPartial(0);
  message_timer_.reset();
  error_code ignored;
  socket_.close(ignored);
}

Expected<OwnedDescriptor> StreamConnection::HandOver() {
  if (!for_handoff_ || tls_ != nullptr || state_ != State::kConnected || !unsent_.empty()) {
    return Unexpected({FailureReason::kInternal, "not made to be handed over"});
  }
  char octet = 0;
  const ssize_t waiting = recv(socket_.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  if (waiting == 0) return Unexpected({FailureReason::kClosedByPeer, ""});
  if (waiting < 0 && errno != EAGAIN) {
    return Unexpected(FailureOf({errno, boost::system::system_category()}, SocketPhase::kConnected));
  }
  error_code error;
  OwnedDescriptor descriptor(socket_.release(error));  // not dup: the event loop would go on watching the connection
  if (error) return Unexpected(FailureOf(error, SocketPhase::kConnected));
  state_ = State::kClosed;
  return descriptor;
}

void StreamConnection::End(Failure failure) {
  if (state_ == State::kClosed) return;
  MarkClosed();
  sockets_.listener.OnEnded(id_, failure);
}

void StreamConnection::EndSoon(Failure failure) {
  asio::post(sockets_.io, [self = shared_from_this(), failure = std::move(failure)] { self->End(failure); });
}

}  // namespace flowbroker::net
