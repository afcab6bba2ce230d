#include "broker/net/stream_listener.h"

#include <boost/asio/ip/v6_only.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "broker/net/asio_address.h"

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Where accepting fails, no descriptor being left most likely, trying again at once would only burn the processor.
constexpr std::chrono::milliseconds kPause(100);

}  // namespace

StreamListener::StreamListener(asio::io_context& io, OnAccepted on_accepted)
    : on_accepted_(std::move(on_accepted)), acceptor_(io), pause_(io) {}

Expected<std::unique_ptr<StreamListener>> StreamListener::Open(asio::io_context& io, const Endpoint& local,
                                                               OnAccepted on_accepted) {
  std::unique_ptr<StreamListener> listener(new StreamListener(io, std::move(on_accepted)));
  const auto endpoint = ToAsio<tcp>(local);
  const auto open = [&]() -> error_code {
    error_code error;
    if (listener->acceptor_.open(endpoint.protocol(), error)) return error;
    if (listener->acceptor_.set_option(tcp::acceptor::reuse_address(true), error)) return error;
    if (endpoint.protocol() == tcp::v6() && listener->acceptor_.set_option(asio::ip::v6_only(true), error))
      return error;
    if (listener->acceptor_.bind(endpoint, error)) return error;
    return listener->acceptor_.listen(asio::socket_base::max_listen_connections, error);
  };
  if (const error_code error = open()) {
    return Unexpected(
        {FailureReason::kInvalidArgument, "cannot listen on TCP " + local.ToString() + ": " + error.message()});
  }
  return listener;
}

Endpoint StreamListener::local() const {
  error_code ignored;
  return FromAsio(acceptor_.local_endpoint(ignored));
}

void StreamListener::Accept() {
  acceptor_.async_accept([this](const error_code& error, auto socket) {
    if (closed_) return;  // also where a connection was accepted just before
    if (error && error != asio::error::connection_aborted) return AcceptLater();
    if (!error) {
      error_code gone;
      const auto local = socket.local_endpoint(gone);
      const auto remote = gone ? tcp::endpoint() : socket.remote_endpoint(gone);
      const int descriptor = socket.release(gone);
      if (!gone) on_accepted_({OwnedDescriptor(descriptor), FromAsio(local), FromAsio(remote)});
    }
    Accept();
  });
}

void StreamListener::AcceptLater() {
  pause_.expires_after(kPause);
  pause_.async_wait([this](const error_code& error) {
    if (!error && !closed_) Accept();
  });
}

void StreamListener::Close() {
  closed_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace flowbroker::net
