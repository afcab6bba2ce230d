#include "service/rpc/edge_rpc.h"

#include <utility>

#include "service/rpc/call_answer.h"
#include "service/rpc/edge_conversion.h"
#include "service/rpc/fields.h"
#include "service/rpc/watch_bindings_stream.h"

namespace flowbroker::rpc {

void EdgeRpc::ServeOn(CallQueue& queue) {
  const Entrance calls = gate_.For(CallKind::kCall);
  using Async = v1::EdgeService::AsyncService;
  ServeUnary(queue, calls, service_, &Async::RequestMintToken,
             [this](const auto& request, auto& call) { MintToken(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestVerifyToken,
             [this](const auto& request, auto& call) { VerifyToken(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestBind,
             [this](const auto& request, auto& call) { Bind(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestUnbind,
             [this](const auto& request, auto& call) { Unbind(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestLookupBindings,
             [this](const auto& request, auto& call) { LookupBindings(request, call); });
  ServeStreams<WatchBindingsStream>(queue, gate_.For(CallKind::kStream), service_, broker_, options_);
}

void EdgeRpc::MintToken(const v1::MintTokenRequest& request, UnaryCall<v1::MintTokenResponse>& call) {
  const auto id = RequiredFlowId(request.flow_id());
  if (!id) return Fail(call, id.error());
  auto token = broker_.edge().MintToken(*id, call.caller().Sees());
  if (!token) return Fail(call, token.error());
  call.response().set_token(std::move(*token));
  call.Finish();
}

void EdgeRpc::VerifyToken(const v1::VerifyTokenRequest& request, UnaryCall<v1::VerifyTokenResponse>& call) {
  const auto token = Text(request.token(), kMaxToken, "token");
  if (!token) return Fail(call, token.error());
  Fill(broker_.edge().VerifyToken(*token, call.caller().Sees()), call.response());
  call.Finish();
}

void EdgeRpc::Bind(const v1::BindRequest& request, UnaryCall<v1::BindResponse>& call) {
  const auto registration = FromProto(request, call.caller().tenant);
  if (!registration) return Fail(call, registration.error());
  if (registration->removes_all) {
    RemoveAll(request.aor(), call);
    return call.Finish();
  }
  std::vector<bindings::BindRequest> wanted;
  for (const Registration::Contact& contact : registration->contacts) {
    if (contact.bind) wanted.push_back(*contact.bind);
  }
  std::vector<bindings::BindOutcome> outcomes;
  if (!wanted.empty()) {  // first of all: where they are refused, nothing has changed
    auto bound = broker_.edge().Bind(wanted, call.caller().Sees());
    if (!bound) return Fail(call, bound.error());
    outcomes = *std::move(bound);
  }
  auto outcome = outcomes.begin();
  for (const Registration::Contact& contact : registration->contacts) {
    v1::BoundContact& out = *call.response().add_contacts();
    out.set_contact_uri(Printable(contact.uri));
    if (contact.bind) {
      out.set_change(ToProto(outcome->change));
      Fill(outcome->expires - broker_.Now(), *out.mutable_expires_in());
      ++outcome;
    } else {
      broker_.edge().Unbind(contact.key);
      out.set_change(v1::BINDING_CHANGE_UNBOUND);
    }
  }
  call.Finish();
}

void EdgeRpc::RemoveAll(const std::string& aor, UnaryCall<v1::BindResponse>& call) {
  for (const bindings::Binding& gone : broker_.edge().UnbindAll(call.caller().tenant, aor)) {
    v1::Binding told;
    Fill(gone, broker_.Now(), told);
    v1::BoundContact& out = *call.response().add_contacts();
    out.set_contact_uri(told.contact_uri());
    out.set_change(v1::BINDING_CHANGE_UNBOUND);
  }
}

void EdgeRpc::Unbind(const v1::UnbindRequest& request, UnaryCall<v1::UnbindResponse>& call) {
  const auto key = FromProto(request, call.caller().tenant);
  if (!key) return Fail(call, key.error());
  engine::EdgeAccess& edge = broker_.edge();
  const std::size_t removed =
      key->has_value() ? edge.Unbind(**key) : edge.UnbindAll(call.caller().tenant, request.aor()).size();
  call.response().set_removed(static_cast<std::uint32_t>(removed));
  call.Finish();
}

void EdgeRpc::LookupBindings(const v1::LookupBindingsRequest& request, UnaryCall<v1::LookupBindingsResponse>& call) {
  const auto aor = RequiredAor(request.aor());
  if (!aor) return Fail(call, aor.error());
  const TimePoint now = broker_.Now();
  for (const bindings::LookupTarget& target : broker_.edge().Lookup(call.caller().tenant, *aor)) {
    v1::BindingTarget& out = *call.response().add_targets();
    Fill(target.binding, now, *out.mutable_binding());
    for (const bindings::Binding& next : target.next) Fill(next, now, *out.add_next());
  }
  call.Finish();
}

}  // namespace flowbroker::rpc
