#include "broker/net/handoff_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "broker/net/unix_socket_path.h"

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Where accepting fails, no descriptor being left most likely, trying again at once would only burn the processor.
constexpr std::chrono::milliseconds kPause(100);
/// A ticket and the end of its line, CRLF at most.
constexpr std::size_t kLongestLine = flow::HandoffTicket::kTextLength + 2;

constexpr char kGranted = '+';
constexpr char kRefused = '-';

/// The ticket of a whole line; nothing where the line is anything else.
std::optional<flow::HandoffTicket> TicketOf(std::string_view line) {
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return flow::HandoffTicket::Parse(line);
}

/// Sends one octet together with the descriptor. It fits into the empty socket or the caller is gone.
bool SendDescriptor(int socket, int descriptor) {
  char octet = kGranted;
  iovec data{.iov_base = &octet, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(descriptor));
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

void Refuse(int socket) {
  // Whoever does not read it finds out by the end of the connection.
  (void)!send(socket, &kRefused, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

/// One caller, from accept to close. Kept alive by its pending operations, of which the timer is always one.
class HandoffListener::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HandoffListener& listener, Socket socket)
      : listener_(listener), socket_(std::move(socket)), timer_(listener.io_) {
    ++listener_.connections_;
  }

  void Start() {
    timer_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(listener_.options_.time_limit));
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->End(HandoffOutcome::kTooSlow);
    });
    Read();
  }

 private:
  void Read() {
    socket_.async_read_some(asio::buffer(buffer_) + length_,
                            [self = shared_from_this()](const error_code& error, std::size_t count) {
                              if (!self->ended_) self->OnRead(error, count);
                            });
  }

  void OnRead(const error_code& error, std::size_t count) {
    if (error) return End(HandoffOutcome::kMalformed);
    length_ += count;
    const std::string_view text(buffer_.data(), length_);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos && length_ < buffer_.size()) return Read();
    const auto ticket = end + 1 == length_ ? TicketOf(text) : std::nullopt;
    buffer_.fill('\0');
    if (!ticket || listener_.closed_) return End(HandoffOutcome::kMalformed);
    // Weakly: an answer that never comes must not keep the connection, and its socket, longer than their thread.
    listener_.on_ticket_(*ticket, [&io = listener_.io_, caller = weak_from_this()](Expected<OwnedDescriptor> result) {
      asio::post(io, [caller, result = std::move(result)]() mutable {
        if (const auto self = caller.lock()) self->OnAnswer(std::move(result));
      });
    });
  }

  void OnAnswer(Expected<OwnedDescriptor> result) {
    if (ended_) return;
    if (!result) {
      const bool unknown = result.error().reason == FailureReason::kUnknownFlow;
      return End(unknown ? HandoffOutcome::kUnknownTicket : HandoffOutcome::kFlowEnded);
    }
    End(SendDescriptor(socket_.native_handle(), result->get()) ? HandoffOutcome::kHandedOff
                                                               : HandoffOutcome::kCallerGone);
  }

  void End(HandoffOutcome outcome) {
    if (std::exchange(ended_, true)) return;
    if (outcome != HandoffOutcome::kHandedOff) Refuse(socket_.native_handle());
    --listener_.connections_;
    listener_.on_outcome_(outcome);
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  HandoffListener& listener_;
  Socket socket_;
  asio::steady_timer timer_;
  std::array<char, kLongestLine> buffer_{};
  std::size_t length_ = 0;
  bool ended_ = false;
};

HandoffListener::HandoffListener(asio::io_context& io, HandoffListenerOptions options, OnTicket on_ticket,
                                 OnOutcome on_outcome)
    : io_(io),
      options_(std::move(options)),
      on_ticket_(std::move(on_ticket)),
      on_outcome_(std::move(on_outcome)),
      acceptor_(io),
      pause_(io) {}

HandoffListener::~HandoffListener() = default;

Expected<std::unique_ptr<HandoffListener>> HandoffListener::Open(asio::io_context& io, HandoffListenerOptions options,
                                                                 OnTicket on_ticket, OnOutcome on_outcome) {
  const std::string path = options.path;
  const auto cannot = [&path](const std::string& why) {
    return Unexpected({FailureReason::kInvalidArgument, "cannot listen on handoff-socket " + path + ": " + why});
  };
  if (const auto prepared = PrepareUnixSocketPath(path); !prepared) return cannot(prepared.error().detail);
  const mode_t mode = options.uids.empty() ? 0600 : 0666;
  std::unique_ptr<HandoffListener> listener(
      new HandoffListener(io, std::move(options), std::move(on_ticket), std::move(on_outcome)));
  const auto open = [&]() -> error_code {
    error_code error;
    if (listener->acceptor_.open(Protocol(), error)) return error;
    // The mode of a socket in the file system is that of its descriptor at the time of bind.
    if (fchmod(listener->acceptor_.native_handle(), mode) != 0) return {errno, boost::system::system_category()};
    if (listener->acceptor_.bind(Protocol::endpoint(path), error)) return error;
    if (chmod(path.c_str(), mode) != 0) return {errno, boost::system::system_category()};
    return listener->acceptor_.listen(asio::socket_base::max_listen_connections, error);
  };
  if (const error_code error = open()) return cannot(error.message());
  return listener;
}

void HandoffListener::Accept() {
  acceptor_.async_accept([this](const error_code& error, Socket socket) {
    if (closed_) return;
    if (error && error != asio::error::connection_aborted) return AcceptLater();
    if (!error) OnAccepted(std::move(socket));
    Accept();
  });
}

void HandoffListener::AcceptLater() {
  pause_.expires_after(kPause);
  pause_.async_wait([this](const error_code& error) {
    if (!error && !closed_) Accept();
  });
}

void HandoffListener::OnAccepted(Socket socket) {
  const bool may = MayAsk(socket);
  if (may && connections_ < options_.max_connections) {
    return std::make_shared<Connection>(*this, std::move(socket))->Start();
  }
  Refuse(socket.native_handle());
  on_outcome_(may ? HandoffOutcome::kTooMany : HandoffOutcome::kForeignUser);
}

bool HandoffListener::MayAsk(Socket& socket) const {
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  return peer.uid == 0 || peer.uid == geteuid() || std::ranges::find(options_.uids, peer.uid) != options_.uids.end();
}

void HandoffListener::Close() {
  closed_ = true;
  error_code ignored;
  if (acceptor_.is_open()) unlink(options_.path.c_str());
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace flowbroker::net
