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
// The broker says within milliseconds what it could not send; no more requests than this come in that time.
constexpr std::size_t kSentKept = 256;
// REGISTERs on their way at once. Whose is forgotten is bound with his next one.
constexpr std::size_t kRegisteringKept = 1024;

constexpr EdgeProxy::Refusal kNoRegistrar{503, "Registrar Unreachable"};
constexpr EdgeProxy::Refusal kFlowFailed{430, "Flow Failed"};

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
    if (const auto why = closed.get_future().get(); !why) std::cerr << why.error().ToString() << "\n";
    relay_.reset();
    std::this_thread::sleep_for(kReopenAfter);
  }
}

void EdgeProxy::OnMessage(const client::IncomingMessage& in) {
  const std::lock_guard lock(mutex_);
  auto message = SipMessage::Parse(in.message);
  if (!message) return;
  const bool from_user = in.origin && !options_.places.IsCore(in.origin->listener);
  if (message->IsRequest()) return OnRequest(*message, in, from_user);
  if (!from_user) BindAccepted(*message);
  PassBack(*message);
}

void EdgeProxy::OnRequest(const SipMessage& request, const client::IncomingMessage& in, bool from_user) {
  SipMessage forwarded = request;
  const Destination flow_id = BranchOf(request).empty() ? tl::unexpected(Refusal{400, "Bad Via"})
                              : !CountHop(forwarded)    ? tl::unexpected(Refusal{483, "Too Many Hops"})
                              : from_user               ? FromUser(forwarded, in)
                                                        : FromCore(forwarded, in);
  if (flow_id) relay_->Send(*flow_id, forwarded.Text(), ++last_tag_);
  if (request.Method() == "ACK") return;  // is never answered
  const Refusal refusal = !flow_id ? flow_id.error() : from_user ? kNoRegistrar : kFlowFailed;
  std::string answer = request.Answer(refusal.status, refusal.reason).Text();
  if (!flow_id) {
    relay_->Send(in.flow_id, answer);
    return;
  }
  sent_.push_back({.tag = last_tag_, .came_over = in.flow_id, .answer = std::move(answer)});
  if (sent_.size() > kSentKept) sent_.pop_front();
}

/// Over whatever flow the broker has to the registrar.
EdgeProxy::Destination EdgeProxy::FromUser(SipMessage& request, const client::IncomingMessage& in) {
  const client::EdgeOrigin& origin = *in.origin;
  const auto place = Place::Parse(origin.listener);
  if (!place) return tl::unexpected(Refusal{500, "Unknown Listener"});
  const Place& core = options_.places.CoreFor(place->transport);
  client::AcquireRequest acquire{.destination = {.to = options_.registrar}, .client_group = options_.client_group};
  acquire.destination.allowed_transports = {core.transport};
  const auto flow = broker_.Acquire(acquire, kRegistrarTimeout);
  if (!flow) {
    std::cerr << flow.error().ToString() << "\n";
    return tl::unexpected(kNoRegistrar);
  }
  NoteSource(request, origin.remote);
  TakeOwnRoutes(request, options_.places);
  PrepareForCore(request, {.token = origin.token, .place = *place}, core);
  if (request.Method() == "REGISTER") {
    registering_.push_back({.branch = BranchOf(request), .binding = BindingOf(request, in.flow_id)});
    if (registering_.size() > kRegisteringKept) registering_.pop_front();
  }
  return flow->flow_id;
}

/// Over exactly the flow that the topmost Route names (RFC 5626 s.5.3).
EdgeProxy::Destination EdgeProxy::FromCore(SipMessage& request, const client::IncomingMessage& in) {
  const auto token = TakeOwnRoutes(request, options_.places);
  if (!token) return tl::unexpected(Refusal{404, "No Flow Named"});
  const auto verified = broker_.VerifyToken(*token);
  const auto back = in.origin ? client::Result<std::string>(in.origin->token) : broker_.MintToken(in.flow_id);
  if (!verified || !back) return tl::unexpected(Refusal{500, "Broker Unreachable"});
  if (verified->state == TokenState::kForged) return tl::unexpected(Refusal{403, "Forged Flow Token"});
  if (verified->state != TokenState::kLive)
    return tl::unexpected(Refusal{verified->sip_status.value_or(430), "Flow Failed"});

  if (in.origin) NoteSource(request, in.origin->remote);
  const UserFlow user{.token = *token, .place = {verified->transport, verified->local->ToString()}};
  PrepareForUser(request, *back, user, options_.places.CoreFor(verified->transport));
  return verified->flow_id;
}

/// To where the request came from: our Via says it.
void EdgeProxy::PassBack(SipMessage& response) {
  const auto token = TakeOwnVia(response);
  if (!token || !response.First("Via")) return;
  const auto verified = broker_.VerifyToken(*token);
  if (verified && verified->state == TokenState::kLive) relay_->Send(verified->flow_id, response.Text());
}

/// The registrar has the last word on who is registered; the broker needs to know for whom it keeps flows.
void EdgeProxy::BindAccepted(const SipMessage& response) {
  if (response.Status() < 200) return;
  const auto found = std::ranges::find(registering_, BranchOf(response), &Registering::branch);
  if (found == registering_.end()) return;
  const client::BindRequest binding = std::move(found->binding);
  registering_.erase(found);
  if (response.Status() >= 300 || binding.contact.empty()) return;
  if (const auto bound = broker_.Bind(binding); !bound) std::cerr << bound.error().ToString() << "\n";
}

/// The flow has ended between VerifyToken and Send, or its user agent does not read.
void EdgeProxy::OnSendFailure(const client::SendFailure& failure) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(sent_, failure.tag, &Sent::tag);
  if (found != sent_.end()) relay_->Send(found->came_over, found->answer);
}

}  // namespace flowbroker::edge_proxy
