#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/edge.h"
#include "clients/cpp/types.h"
#include "clients/examples/edge_proxy/sip_message.h"

// What an edge proxy writes into messages that pass it (RFC 5626 s.5, RFC 3327, RFC 5658), as functions of the message.
// It keeps nothing: whatever it has to know again stands in the messages, as tokens that only the broker can make.
namespace flowbroker::edge_proxy {

/// An address where this proxy is reached: a listener of the broker's edge.
struct Place {
  client::Transport transport = client::Transport::kUnknown;
  std::string host_port;

  /// Reads a listener as the broker names it: "tcp:192.0.2.1:5060".
  static std::optional<Place> Parse(std::string_view listener);

  friend bool operator==(const Place&, const Place&) = default;
};

/// All of them. User agents come to `edge`; the registrar, and nobody else, comes to `core`.
struct Places {
  std::vector<Place> edge;
  std::vector<Place> core;

  bool IsCore(std::string_view listener) const;
  /// Whether a Route header field value leads to this proxy.
  bool IsOurs(const std::string& route) const;
  /// Where the core is to send requests for a user agent: as unreliable as its own flow, so that who retransmits to the
  /// one side does so to the other; a stateless proxy could not.
  const Place& CoreFor(client::Transport transport) const;
};

/// A flow between this proxy and a user agent.
struct UserFlow {
  std::string token;
  Place place;  ///< our end
};

/// Of the topmost Via: names the transaction. "" where there is none, or one with characters that none may have.
std::string BranchOf(const SipMessage& message);

/// The message came from there: fills in `received` and `rport` of the topmost Via (RFC 3261 s.18.2.1, RFC 3581).
void NoteSource(SipMessage& request, const client::Endpoint& source);

/// One hop less to go. False: there is none left (483).
bool CountHop(SipMessage& request);

/// Takes out the Routes that lead to this proxy; the user part of the first one is the token, if there is one.
std::optional<std::string> TakeOwnRoutes(SipMessage& request, const Places& places);

/// A request from a user agent on its way to the core.
void PrepareForCore(SipMessage& request, const UserFlow& user, const Place& core);

/// A request from the core, which came over the flow of `token`, on its way to a user agent.
void PrepareForUser(SipMessage& request, std::string_view token, const UserFlow& user, const Place& core);

/// What the broker is to know of a REGISTER that the registrar has accepted: for how long which user agent is reached
/// over the flow. It keeps such a flow alive (SIP Outbound or not), and says in its metrics and tools who is there.
client::BindRequest BindingOf(const SipMessage& request, const std::string& flow_id);

/// Takes our Via out of a response; gives the token of the flow that the request had come over, which is to be
/// verified.
std::optional<std::string> TakeOwnVia(SipMessage& response);

}  // namespace flowbroker::edge_proxy
