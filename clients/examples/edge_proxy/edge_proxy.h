#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "clients/cpp/flowbroker_client.h"
#include "clients/examples/edge_proxy/routing.h"

namespace flowbroker::edge_proxy {

struct Options {
  Places places;
  std::string registrar;              ///< where requests of user agents go: "sip:192.0.2.20:5060"
  std::string client_group = "edge";  ///< of the broker's edge (`edge-client-group`)
};

/// A stateless edge proxy (RFC 5626 s.5). The broker holds the flows and knows what tokens are worth; this decides
/// which message goes over which of them. Messages are handled one after the other on the client's event thread, so
/// that they stay in order; who waits for the registrar holds up the flows, down to the user agents.
class EdgeProxy {
 public:
  /// What to say instead of forwarding a request.
  struct Refusal {
    int status = 0;
    std::string_view reason;
  };

  EdgeProxy(client::Client& broker, Options options) : broker_(broker), options_(std::move(options)) {}

  /// Serves until the process ends: opens the Relay stream again when the broker has been away.
  [[noreturn]] void Run();

 private:
  /// The flow to send it on.
  using Destination = tl::expected<std::string, Refusal>;

  void OnMessage(const client::IncomingMessage& in);
  void OnRequest(const SipMessage& request, const client::IncomingMessage& in, bool from_user);
  Destination FromUser(SipMessage& request, const client::IncomingMessage& in);
  Destination FromCore(SipMessage& request, const client::IncomingMessage& in);
  void PassBack(SipMessage& response);
  void BindAccepted(const SipMessage& response);
  void OnSendFailure(const client::SendFailure& failure);

  /// A request that was sent on, for as long as the broker may say that it could not be.
  struct Sent {
    std::uint64_t tag = 0;
    std::string came_over;
    std::string answer;  ///< should it come to that
  };

  /// A REGISTER that the registrar has not answered yet.
  struct Registering {
    std::string branch;  ///< of our Via
    client::BindRequest binding;
  };

  client::Client& broker_;
  const Options options_;
  std::mutex mutex_;  // relay_ is there before its first message is handled
  std::unique_ptr<client::RelayStream> relay_;
  std::deque<Sent> sent_;
  std::deque<Registering> registering_;
  std::uint64_t last_tag_ = 0;
};

}  // namespace flowbroker::edge_proxy
