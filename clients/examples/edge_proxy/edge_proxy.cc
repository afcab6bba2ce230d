#include "clients/examples/edge_proxy/edge_proxy.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <iostream>
#include <thread>

namespace flowbroker::edge_proxy {
namespace {

using client::TokenState;

constexpr auto kReopenAfter = std::chrono::milliseconds(200);
// Longer than this a user agent shall not wait to hear that the registrar is away; others wait behind it.
constexpr auto kRegistrarTimeout = std::chrono::seconds(2);
// The broker says within milliseconds what it could not send; this many requests are forwarded in that time.
constexpr std::size_t kForwardedKept = 256;

}  // namespace

void EdgeProxy::Run() {
  for (;;) {
    std::promise<client::Result<void>> closed;
    {
      const std::lock_guard lock(mutex_);
      relay_ = broker_.OpenRelay({.client_group = options_.client_group},
                                 {.on_message = [this](const auto& in) { OnMessage(in); },
                                  .on_send_failure = [this](const auto& failure) { OnSendFailure(failure); },
                                  .on_closed = [&closed](auto why) { closed.set_value(std::move(why)); }});
    }
    if (const auto why = closed.get_future().get(); !why) std::cerr << why.error().ToString() << std::endl;
    relay_.reset();
    std::this_thread::sleep_for(kReopenAfter);
  }
}

void EdgeProxy::OnMessage(const client::IncomingMessage& in) {
  const std::lock_guard lock(mutex_);
  auto message = SipMessage::Parse(in.message);
  if (!message) return;
  if (!message->IsRequest()) return PassBack(*message);
  const SipMessage request = *message;
  const bool from_user = in.origin && !options_.places.IsCore(in.origin->listener);
  const Refused refused = !CountHop(*message) ? Refusal{483, "Too Many Hops"}
                          : from_user         ? FromUser(*message, in)
                                              : FromCore(*message, in);
  if (refused && request.Method() != "ACK") {
    relay_->Send(in.flow_id, request.Answer(refused->status, refused->reason).Text());
  }
}

/// Over whatever flow the broker has to the registrar.
EdgeProxy::Refused EdgeProxy::FromUser(SipMessage& request, const client::IncomingMessage& in) {
  const auto place = Place::Parse(in.origin->listener);
  if (!place) return Refusal{500, "Unknown Listener"};
  const Place& core = options_.places.CoreFor(place->transport);
  client::AcquireRequest acquire{.destination = {.to = options_.registrar}, .client_group = options_.client_group};
  acquire.destination.allowed_transports = {core.transport};
  const auto flow = broker_.Acquire(acquire, kRegistrarTimeout);
  if (!flow) {
    std::cerr << flow.error().ToString() << std::endl;
    return Refusal{503, "Registrar Unreachable"};
  }
  NoteSource(request, in.origin->remote);
  TakeOwnRoutes(request, options_.places);
  PrepareForCore(request, {.token = in.origin->token, .place = *place}, core);
  Forward(flow->flow_id, request, in);
  return std::nullopt;
}

/// Over exactly the flow that the topmost Route names (RFC 5626 s.5.3).
EdgeProxy::Refused EdgeProxy::FromCore(SipMessage& request, const client::IncomingMessage& in) {
  const auto token = TakeOwnRoutes(request, options_.places);
  if (!token) return Refusal{404, "No Flow Named"};
  const auto verified = broker_.VerifyToken(*token);
  if (!verified) return Refusal{500, "Broker Unreachable"};
  if (verified->state == TokenState::kForged) return Refusal{403, "Forged Flow Token"};
  if (verified->state != TokenState::kLive) return Refusal{verified->sip_status.value_or(430), "Flow Failed"};
  const auto back = in.origin ? client::Result<std::string>(in.origin->token) : broker_.MintToken(in.flow_id);
  if (!back) return Refusal{500, "Broker Unreachable"};

  if (in.origin) NoteSource(request, in.origin->remote);
  const UserFlow user{.token = *token, .place = {verified->transport, verified->local->ToString()}};
  PrepareForUser(request, *back, user, options_.places.CoreFor(verified->transport));
  Forward(verified->flow_id, request, in);
  return std::nullopt;
}

void EdgeProxy::PassBack(SipMessage& response) {
  const auto token = TakeOwnVia(response);
  if (!token || !response.First("Via")) return;
  const auto verified = broker_.VerifyToken(*token);
  if (verified && verified->state == TokenState::kLive) relay_->Send(verified->flow_id, response.Text());
}

void EdgeProxy::Forward(const std::string& flow_id, const SipMessage& message, const client::IncomingMessage& in) {
  relay_->Send(flow_id, message.Text(), next_tag_);
  const auto request = SipMessage::Parse(in.message);
  if (request->Method() == "ACK") return;
  forwarded_.push_back(
      {.tag = next_tag_++, .came_over = in.flow_id, .answer = request->Answer(430, "Flow Failed").Text()});
  if (forwarded_.size() > kForwardedKept) forwarded_.pop_front();
}

/// The flow has ended between VerifyToken and Send.
void EdgeProxy::OnSendFailure(const client::SendFailure& failure) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(forwarded_, failure.tag, &Forwarded::tag);
  if (found != forwarded_.end()) relay_->Send(found->came_over, found->answer);
}

}  // namespace flowbroker::edge_proxy
