#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/time.h"
#include "broker/flow/handoff_tickets.h"
#include "broker/net/handoff_outcome.h"
#include "broker/net/owned_descriptor.h"

namespace flowbroker::net {

struct HandoffListenerOptions {
  std::string path;
  std::vector<uid_t> uids = {};                   ///< besides our own and root's
  std::size_t max_connections = 64;               ///< at once
  Duration time_limit = std::chrono::seconds(2);  ///< of one connection
};

/// The Unix socket on which callers of this host exchange tickets for descriptors. A caller sends a line with a ticket
/// and gets the octet `+` with the descriptor (SCM_RIGHTS), or the octet `-`; then the connection is closed.
///
/// Who may is decided by the user id that the kernel vouches for (SO_PEERCRED): before a single octet is read. Confined
/// to the thread of its io_context, but for Open and the answers.
class HandoffListener {
 public:
  /// Takes the descriptor, or why there is none; may be called by any thread, once, while the io_context lives.
  using Answer = std::function<void(Expected<OwnedDescriptor>)>;
  using OnTicket = std::function<void(const flow::HandoffTicket&, Answer)>;
  using OnOutcome = std::function<void(HandoffOutcome)>;

  /// Listens on a socket of mode 0600; 0666 where other users are named, of whom the kernel tells us who they are.
  static Expected<std::unique_ptr<HandoffListener>> Open(boost::asio::io_context& io, HandoffListenerOptions options,
                                                         OnTicket on_ticket, OnOutcome on_outcome);
  ~HandoffListener();

  void Start() { Accept(); }
  /// No ticket comes after it; removes the socket. The object has to outlive the work of its io_context all the same.
  void Close();

 private:
  class Connection;
  using Protocol = boost::asio::local::stream_protocol;
  using Socket = boost::asio::basic_stream_socket<Protocol, boost::asio::io_context::executor_type>;
  using Acceptor = boost::asio::basic_socket_acceptor<Protocol, boost::asio::io_context::executor_type>;

  HandoffListener(boost::asio::io_context& io, HandoffListenerOptions options, OnTicket on_ticket,
                  OnOutcome on_outcome);
  void Accept();
  void AcceptLater();
  void OnAccepted(Socket socket);
  bool MayAsk(Socket& socket) const;

  boost::asio::io_context& io_;
  const HandoffListenerOptions options_;
  const OnTicket on_ticket_;
  const OnOutcome on_outcome_;
  Acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::size_t connections_ = 0;
  bool closed_ = false;
};

}  // namespace flowbroker::net
