#include "clients/cpp/wire.h"
#include "clients/cpp/wire_fields.h"

namespace flowbroker::client {
namespace {

using client::From;  // beside the one below

Binding From(const v1::Binding& binding) {
  Binding to{.aor = binding.aor(),
             .contact = binding.contact(),
             .contact_uri = binding.contact_uri(),
             .instance_id = binding.instance_id(),
             .path = {binding.path().begin(), binding.path().end()},
             .flow_id = binding.flow_id(),
             .q = binding.q(),
             .expires_in = From(binding.expires_in()),
             .age = From(binding.age())};
  if (binding.reg_id() != 0) to.reg_id = binding.reg_id();
  return to;
}

}  // namespace

v1::SetKeepAliveRequest ToProto(const std::string& flow_id, const KeepAlive& keep_alive) {
  v1::SetKeepAliveRequest to;
  to.set_flow_id(flow_id);
  to.set_method(static_cast<v1::KeepAliveMethod>(keep_alive.method));
  if (keep_alive.flow_timer) Set(*keep_alive.flow_timer, *to.mutable_flow_timer());
  return to;
}

v1::BindRequest ToProto(const BindRequest& request) {
  v1::BindRequest to;
  to.set_aor(request.aor);
  to.set_contact(request.contact);
  to.set_path(request.path);
  to.set_flow_id(request.flow_id);
  if (request.expires) Set(*request.expires, *to.mutable_expires());
  return to;
}

v1::UnbindRequest ToProto(const UnbindRequest& request) {
  v1::UnbindRequest to;
  to.set_aor(request.aor);
  to.set_instance_id(request.instance_id);
  to.set_reg_id(request.reg_id.value_or(0));
  to.set_contact_uri(request.contact_uri);
  return to;
}

VerifiedToken FromProto(const v1::VerifyTokenResponse& response) {
  VerifiedToken to{.state = EnumFrom(response.state(), TokenState::kForged),
                   .flow_id = response.flow_id(),
                   .transport = From(response.transport())};
  if (response.sip_status() != 0) to.sip_status = static_cast<std::uint16_t>(response.sip_status());
  if (response.has_local()) to.local = From(response.local());
  if (response.has_remote()) to.remote = From(response.remote());
  return to;
}

BoundContact FromProto(const v1::BoundContact& contact) {
  return {.contact_uri = contact.contact_uri(),
          .change = EnumFrom(contact.change(), BindingChange::kFlowEnded),
          .expires_in = From(contact.expires_in())};
}

BindingTarget FromProto(const v1::BindingTarget& target) {
  BindingTarget to{.binding = From(target.binding()), .next = {}};
  for (const v1::Binding& binding : target.next()) to.next.push_back(From(binding));
  return to;
}

BindingEvent FromProto(const v1::BindingEvent& event) {
  return {.sequence = event.sequence(),
          .time = From(event.time()),
          .change = EnumFrom(event.change(), BindingChange::kFlowEnded),
          .binding = From(event.binding())};
}

EdgeOrigin FromProto(const v1::EdgeOrigin& origin) {
  return {.listener = origin.listener(),
          .token = origin.token(),
          .transport = From(origin.transport()),
          .remote = From(origin.remote()),
          .states_other_address = origin.states_other_address()};
}

}  // namespace flowbroker::client
