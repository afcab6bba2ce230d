#include "broker/net/cares_channel.h"

#include <ares.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <map>
#include <string>
#include <utility>

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kClassIn = 1;
// Above the usual 1232 (DNS flag day 2020) fragments get lost; a longer answer comes over TCP.
constexpr int kUdpPayload = 1232;
// c-ares 1.18 keeps a socket while any question is outstanding, and so its port. Making a new one takes 50 us.
constexpr int kQuestionsPerPort = 64;

AskOutcome ToOutcome(int status, bool has_message) {
  if (has_message) return AskOutcome::kAnswered;
  switch (status) {
    case ARES_ETIMEOUT:
      return AskOutcome::kSilent;
    case ARES_ECONNREFUSED:
      return AskOutcome::kUnreachable;
    case ARES_EBADRESP:  // too short to be a message
      return AskOutcome::kAnswered;
    default:  // a foreign list of plain numbers
      return AskOutcome::kNotAsked;
  }
}

}  // namespace

class CaresChannel::Impl {
 public:
  Impl(asio::io_context& io, const Endpoint& server, Duration timeout) : io_(io), timer_(io) {
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS;
    options.ednspsz = kUdpPayload;
    options.timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
    options.tries = 1;
    options.sock_state_cb = &Impl::OnSocketState;
    options.sock_state_cb_data = this;
    std::string no_resolv_conf = "/dev/null";  // the server is given; nothing of the host's set-up shall matter
    options.resolvconf_path = no_resolv_conf.data();
    const int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB |
                     ARES_OPT_RESOLVCONF;
    if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) channel_ = nullptr;
    usable_ = channel_ != nullptr && ares_set_servers_ports_csv(channel_, server.ToString().c_str()) == ARES_SUCCESS;
  }

  ~Impl() {
    destroying_ = true;
    while (!watched_.empty()) Unwatch(watched_.begin()->first);
    if (channel_ != nullptr) ares_destroy(channel_);  // calls OnAnswer for what is outstanding and closes the sockets
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Ask(const dns::Question& question, Done done) {
    auto ask = std::make_unique<Outstanding>(Outstanding{*this, std::move(done)});
    if (!usable_) {
      Finish(std::move(ask), AskOutcome::kNotAsked, {});
      return;
    }
    ++in_flight_;
    ares_query(channel_, question.name.ToString().c_str(), kClassIn, static_cast<int>(question.type), &Impl::OnAnswer,
               ask.release());
    ArmTimer();
  }

  bool idle() const { return in_flight_ == 0; }

 private:
  struct Outstanding {
    Impl& channel;
    Done done;
  };

  // A socket of c-ares while Asio watches it. Waits hold it by shared_ptr: `open` tells a late one that it is late, for
  // the descriptor's number may by then belong to another socket.
  struct Watched {
    explicit Watched(asio::io_context& io, int fd) : descriptor(io, fd) {}
    asio::posix::stream_descriptor descriptor;
    bool open = true;
    bool wants_read = false;
    bool wants_write = false;
    bool waiting_read = false;
    bool waiting_write = false;
  };

  static void OnAnswer(void* argument, int status, int /*timeouts*/, unsigned char* message, int length) {
    std::unique_ptr<Outstanding> ask(static_cast<Outstanding*>(argument));
    Impl& self = ask->channel;
    --self.in_flight_;
    if (self.destroying_) return;
    if (self.in_flight_ == 0) self.DisarmTimer();
    const bool has_message = message != nullptr && length > 0;
    std::vector<std::uint8_t> octets;
    if (has_message) octets.assign(message, message + length);
    self.Finish(std::move(ask), ToOutcome(status, has_message), std::move(octets));
  }

  // Never calls `done` directly: c-ares is on the stack here and must not be entered again or be destroyed.
  void Finish(std::unique_ptr<Outstanding> ask, AskOutcome outcome, std::vector<std::uint8_t> message) {
    asio::post(io_, [done = std::move(ask->done), outcome, message = std::move(message)]() mutable {
      done(outcome, std::move(message));
    });
  }

  static void OnSocketState(void* argument, ares_socket_t fd, int readable, int writable) {
    Impl& self = *static_cast<Impl*>(argument);
    if (self.destroying_) return;
    if (readable == 0 && writable == 0) {
      self.Unwatch(fd);
    } else {
      self.Watch(fd, readable != 0, writable != 0);
    }
  }

  void Watch(int fd, bool read, bool write) {
    auto& watched = watched_[fd];
    if (!watched) watched = std::make_shared<Watched>(io_, fd);
    watched->wants_read = read;
    watched->wants_write = write;
    Wait(fd, watched);
  }

  // c-ares owns its descriptors and closes them itself right after this.
  void Unwatch(int fd) {
    const auto found = watched_.find(fd);
    if (found == watched_.end()) return;
    found->second->open = false;
    found->second->descriptor.release();
    watched_.erase(found);
  }

  void Wait(int fd, const std::shared_ptr<Watched>& watched) {
    if (watched->wants_read && !watched->waiting_read) {
      watched->waiting_read = true;
      watched->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                     [this, fd, watched](const error_code& error) {
                                       watched->waiting_read = false;
                                       if (!error && watched->open) OnReady(fd, ARES_SOCKET_BAD, watched);
                                     });
    }
    if (watched->wants_write && !watched->waiting_write) {
      watched->waiting_write = true;
      watched->descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                                     [this, fd, watched](const error_code& error) {
                                       watched->waiting_write = false;
                                       if (!error && watched->open) OnReady(ARES_SOCKET_BAD, fd, watched);
                                     });
    }
  }

  void OnReady(int readable_fd, int writable_fd, const std::shared_ptr<Watched>& watched) {
    ares_process_fd(channel_, readable_fd, writable_fd);
    if (watched->open) Wait(readable_fd != ARES_SOCKET_BAD ? readable_fd : writable_fd, watched);
    ArmTimer();
  }

  // All questions have the same time-out, so the one armed first is due first: one timer that is never moved forward.
  void ArmTimer() {
    if (timer_armed_ || in_flight_ == 0) return;
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) return;
    timer_armed_ = true;
    timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) +
                         std::chrono::milliseconds(1));
    timer_.async_wait([this, generation = ++timer_generation_, alive = std::weak_ptr<char>(alive_)](const error_code&) {
      if (alive.expired() || generation != timer_generation_ || !timer_armed_) return;
      timer_armed_ = false;
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      ArmTimer();
    });
  }

  void DisarmTimer() {
    timer_armed_ = false;
    timer_.cancel();
  }

  asio::io_context& io_;
  asio::steady_timer timer_;
  std::uint64_t timer_generation_ = 0;
  bool timer_armed_ = false;
  ares_channel channel_ = nullptr;
  bool usable_ = false;
  bool destroying_ = false;
  std::size_t in_flight_ = 0;
  std::map<int, std::shared_ptr<Watched>> watched_;  // by descriptor
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

CaresChannel::CaresChannel(asio::io_context& io, const Endpoint& server, Duration timeout)
    : io_(io), server_(server), timeout_(timeout), current_(std::make_unique<Impl>(io, server, timeout)) {}

CaresChannel::~CaresChannel() = default;

void CaresChannel::Ask(const dns::Question& question, Done done) {
  if (asked_ == kQuestionsPerPort) {
    draining_.push_back(std::exchange(current_, std::make_unique<Impl>(io_, server_, timeout_)));
    asked_ = 0;
  }
  std::erase_if(draining_, [](const auto& impl) { return impl->idle(); });
  ++asked_;
  current_->Ask(question, std::move(done));
}

}  // namespace flowbroker::net
