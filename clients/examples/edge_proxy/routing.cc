#include "clients/examples/edge_proxy/routing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

namespace flowbroker::edge_proxy {
namespace {

using client::Transport;

constexpr std::string_view kBranchCookie = "z9hG4bK";  // RFC 3261 s.8.1.1.7

constexpr std::string_view kTokenCharacters =  // RFC 3261 s.25.1
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~";

constexpr std::array<std::pair<std::string_view, Transport>, 3> kTransports{
    {{"udp", Transport::kUdp}, {"tcp", Transport::kTcp}, {"tls", Transport::kTls}}};

std::string_view NameOf(Transport transport) {
  const auto* found = std::ranges::find(kTransports, transport, &std::pair<std::string_view, Transport>::second);
  return found == kTransports.end() ? "?" : found->first;
}

// A URI that leads here, and from here over the flow of the token.
std::string TokenUri(std::string_view token, const Place& place, std::string_view parameters = {}) {
  return "<sip:" + std::string(token) + "@" + place.host_port + ";transport=" + std::string(NameOf(place.transport)) +
         ";lr" + std::string(parameters) + ">";
}

// The same for the same transaction, also for its CANCEL and ACK, and another for any other: the branch it came with
// says which one. The token says where the response goes.
void PrependVia(SipMessage& request, const Place& place, std::string_view token) {
  const std::string branch = BranchOf(request);
  request.Prepend("Via", "SIP/2.0/" + std::string(client::ToString(place.transport)) + " " + place.host_port +
                             ";branch=" + std::string(kBranchCookie) + "-" + branch + "." + std::string(token) +
                             ";rport");
}

// Later requests of a dialog take the same way. Each side gets to know a place that it can reach (RFC 5658).
void RecordRoute(SipMessage& request, const UserFlow& user, const Place& came_in, const Place& goes_out) {
  const bool starts_dialog = request.Method() == "INVITE" || request.Method() == "SUBSCRIBE";
  if (!starts_dialog || ParameterOf(request.First("To").value_or(""), "tag")) return;
  request.Prepend("Record-Route", TokenUri(user.token, came_in));
  request.Prepend("Record-Route", TokenUri(user.token, goes_out));
}

}  // namespace

std::string BranchOf(const SipMessage& message) {
  const std::string branch = ParameterOf(message.First("Via").value_or(""), "branch").value_or("");
  return branch.find_first_not_of(kTokenCharacters) == std::string::npos ? branch : "";
}

std::optional<Place> Place::Parse(std::string_view listener) {
  const auto* found =
      std::ranges::find(kTransports, listener.substr(0, 3), &std::pair<std::string_view, Transport>::first);
  if (found == kTransports.end() || listener.size() < 5 || listener[3] != ':') return std::nullopt;
  return Place{.transport = found->second, .host_port = std::string(listener.substr(4))};
}

bool Places::IsCore(std::string_view listener) const {
  const auto place = Place::Parse(listener);
  return place && std::ranges::find(core, *place) != core.end();
}

bool Places::IsOurs(const std::string& route) const {
  const auto uri = UriOf(route);
  const auto leads_to = [&uri](const Place& place) { return place.host_port == uri->place; };
  return uri && (std::ranges::any_of(edge, leads_to) || std::ranges::any_of(core, leads_to));
}

const Place& Places::CoreFor(Transport transport) const {
  const auto fits = [transport](const Place& place) {
    return (place.transport == Transport::kUdp) == (transport == Transport::kUdp);
  };
  const auto found = std::ranges::find_if(core, fits);
  return found == core.end() ? core.front() : *found;
}

void NoteSource(SipMessage& request, const client::Endpoint& source) {
  auto via = request.TakeFirst("Via");
  if (!via) return;
  if (const auto rport = ParameterOf(*via, "rport"); rport && rport->empty()) {
    // With "=" after it the same parameter would be there twice.
    const auto at = via->find(";rport");
    if (at != std::string::npos) via->insert(at + 6, "=" + std::to_string(source.port));
  }
  request.Prepend("Via", *via + ";received=" + source.address);
}

bool CountHop(SipMessage& request) {
  const std::string text = request.TakeFirst("Max-Forwards").value_or("70");
  unsigned hops = 0;
  std::from_chars(text.data(), text.data() + text.size(), hops);
  if (hops == 0) return false;
  request.Prepend("Max-Forwards", std::to_string(hops - 1));
  return true;
}

std::optional<std::string> TakeOwnRoutes(SipMessage& request, const Places& places) {
  std::optional<std::string> token;
  for (auto route = request.First("Route"); route && places.IsOurs(*route); route = request.First("Route")) {
    request.TakeFirst("Route");
    if (!token) token = UriOf(*route)->user;
  }
  return token;
}

void PrepareForCore(SipMessage& request, const UserFlow& user, const Place& core) {
  if (request.Method() == "REGISTER") {
    // "ob" promises what RFC 5626 asks of an edge, and only to user agents that know it (s.5.1).
    const bool outbound = ParameterOf(request.First("Contact").value_or(""), "reg-id").has_value();
    request.Prepend("Path", TokenUri(user.token, core, outbound ? ";ob" : ""));
  }
  RecordRoute(request, user, user.place, core);
  PrependVia(request, core, user.token);
}

void PrepareForUser(SipMessage& request, std::string_view token, const UserFlow& user, const Place& core) {
  RecordRoute(request, user, core, user.place);
  PrependVia(request, user.place, token);
}

client::BindRequest BindingOf(const SipMessage& request, const std::string& flow_id) {
  const std::string to = request.First("To").value_or("");
  const auto open = to.find('<');
  client::BindRequest binding{.aor = open == std::string::npos ? to.substr(0, to.find(';'))
                                                               : to.substr(open + 1, to.find('>', open) - open - 1),
                              .contact = request.All("Contact"),
                              .path = request.All("Path"),
                              .flow_id = flow_id};
  const std::string expires = request.First("Expires").value_or("");
  std::uint32_t seconds = 0;
  const auto read = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (read.ec == std::errc{}) binding.expires = std::chrono::seconds(seconds);
  return binding;
}

std::optional<std::string> TakeOwnVia(SipMessage& response) {
  const std::string branch = BranchOf(response);
  response.TakeFirst("Via");
  const auto dot = branch.rfind('.');
  if (!branch.starts_with(kBranchCookie) || dot == std::string::npos) return std::nullopt;
  return branch.substr(dot + 1);
}

}  // namespace flowbroker::edge_proxy
