#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/net/owned_descriptor.h"

namespace flowbroker::net {

/// A connection that a user agent has opened.
struct AcceptedSocket {
  OwnedDescriptor descriptor;
  Endpoint local;
  Endpoint remote;
};

/// Accepts TCP connections on one address. Confined to the thread of its io_context, but for Open.
class StreamListener {
 public:
  /// Told of every connection, on the listener's thread. The kernel has accepted it; who does not want it lets it go.
  using OnAccepted = std::function<void(AcceptedSocket)>;

  /// Binds and listens. A failure says which address and why: the port is taken, or the address is not ours.
  static Expected<std::unique_ptr<StreamListener>> Open(boost::asio::io_context& io, const Endpoint& local,
                                                        OnAccepted on_accepted);

  /// Where it listens, with the port that the kernel chose for port 0.
  Endpoint local() const;

  void Start() { Accept(); }
  /// No connection comes after it. The object has to outlive the work of its io_context all the same.
  void Close();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  StreamListener(boost::asio::io_context& io, OnAccepted on_accepted);
  void Accept();
  void AcceptLater();

  OnAccepted on_accepted_;
  Acceptor acceptor_;
  boost::asio::steady_timer pause_;
  bool closed_ = false;
};

}  // namespace flowbroker::net
