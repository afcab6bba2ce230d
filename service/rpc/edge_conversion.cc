#include "service/rpc/edge_conversion.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "broker/sip/contact_header.h"
#include "broker/sip/path_header.h"
#include "broker/sip/sip_uri.h"
#include "service/rpc/fields.h"

namespace flowbroker::rpc {
namespace {

/// RFC 3261 s.10.2: what a registrar takes where the request does not say.
constexpr Duration kDefaultExpires = std::chrono::hours(1);
/// Of the wire; the table cuts what it finds too long.
constexpr Duration kMaxExpires = std::chrono::seconds(0xFFFF'FFFF);

/// URIs of contacts are compared as texts (B1): in the one form that we write ourselves, where we can read them.
std::string CanonicalUri(const std::string& uri) {
  const auto parsed = sip::SipUri::Parse(uri);
  return parsed ? parsed->ToString() : uri;
}

std::string ValueOf(const sip::ContactHeader& contact) {
  std::string value = contact.display_name.empty() ? "" : contact.display_name + " ";
  value += "<" + contact.uri + ">";
  if (contact.q) {
    std::string digits = std::to_string(*contact.q % 1000);
    digits.insert(0, 3 - digits.size(), '0');
    value += ";q=" + std::to_string(*contact.q / 1000) + "." + digits;
  }
  if (contact.instance) value += ";+sip.instance=\"<" + contact.instance->text() + ">\"";
  if (contact.reg_id) value += ";reg-id=" + std::to_string(*contact.reg_id);
  return value + contact.other_parameters;
}

bindings::BindingKey KeyOf(const sip::ContactHeader& contact, std::string aor, std::string tenant) {
  bindings::BindingKey key{.tenant = std::move(tenant), .aor = std::move(aor), .instance_id = contact.instance};
  if (contact.instance) {
    key.reg_id = contact.reg_id;
  } else {
    key.contact_uri = CanonicalUri(contact.uri);
  }
  return key;
}

Expected<std::vector<std::string>> PathOf(const v1::BindRequest& request) {
  if (request.path().empty()) return std::vector<std::string>();
  auto path = sip::ReadPath(request.path());
  if (!path) return Unexpected(path.error());
  return std::move(path->uris);
}

Expected<Duration> ExpiresOf(const v1::BindRequest& request) {
  return request.has_expires() ? FromProto(request.expires(), kMaxExpires, "expires") : kDefaultExpires;
}

}  // namespace

Expected<std::string> RequiredAor(const std::string& aor) {
  if (aor.empty()) return FieldError("aor", "required");
  return Text(aor, kMaxAor, "aor");
}

Expected<Registration> FromProto(const v1::BindRequest& request, const std::string& tenant) {
  const auto aor = RequiredAor(request.aor());
  if (!aor) return Unexpected(aor.error());
  const auto contacts = sip::ReadContacts(request.contact());
  if (!contacts) return Unexpected(contacts.error());
  const auto path = PathOf(request);
  if (!path) return Unexpected(path.error());
  const auto expires = ExpiresOf(request);
  if (!expires) return Unexpected(expires.error());
  if (contacts->front().wildcard()) {
    if (*expires != Duration::zero()) return FieldError("expires", "must be 0 with \"*\" (RFC 3261 section 10.3)");
    return Registration{.removes_all = true};
  }
  // RFC 5626 s.6: one flow is one contact's, so that a reg-id beside other contacts is a mistake (400).
  const auto is_bound = [&](const sip::ContactHeader& one) { return one.expires.value_or(1) > 0; };
  const auto bound = std::ranges::count_if(*contacts, is_bound);
  if (bound > 1 && std::ranges::any_of(*contacts, [](const auto& one) { return one.reg_id.has_value(); }))
    return FieldError("contact", "more than one contact, where one has a reg-id (RFC 5626 section 6)");
  Registration registration;
  for (const sip::ContactHeader& contact : *contacts) {
    const Duration wanted = contact.expires ? std::chrono::seconds(*contact.expires) : *expires;
    auto& entry = registration.contacts.emplace_back(contact.uri, KeyOf(contact, *aor, tenant), std::nullopt);
    if (wanted == Duration::zero()) continue;
    const auto flow = RequiredFlowId(request.flow_id());
    if (!flow) return Unexpected(flow.error());
    entry.bind = {.key = entry.key,
                  .flow = *flow,
                  .contact = ValueOf(contact),
                  .path = *path,
                  .q = {contact.q.value_or(1000)},
                  .expires = wanted};
  }
  return registration;
}

Expected<std::optional<bindings::BindingKey>> FromProto(const v1::UnbindRequest& request, const std::string& tenant) {
  const auto aor = RequiredAor(request.aor());
  if (!aor) return Unexpected(aor.error());
  bindings::BindingKey key{.tenant = tenant, .aor = *aor};
  if (request.instance_id().empty()) {
    if (request.reg_id() != 0) return FieldError("reg_id", "means nothing without instance_id");
    if (request.contact_uri().empty()) return std::optional<bindings::BindingKey>();
    key.contact_uri = CanonicalUri(request.contact_uri());
    return key;
  }
  const auto instance = sip::InstanceId::Parse(request.instance_id());
  if (!instance) return Unexpected(instance.error());
  key.instance_id = *instance;
  if (request.reg_id() != 0) key.reg_id = request.reg_id();
  return key;
}

v1::BindingChange ToProto(bindings::BindingChange change) {
  switch (change) {
    case bindings::BindingChange::kBound:
      return v1::BINDING_CHANGE_BOUND;
    case bindings::BindingChange::kRefreshed:
      return v1::BINDING_CHANGE_REFRESHED;
    case bindings::BindingChange::kReplaced:
      return v1::BINDING_CHANGE_REPLACED;
    case bindings::BindingChange::kUnbound:
      return v1::BINDING_CHANGE_UNBOUND;
    case bindings::BindingChange::kExpired:
      return v1::BINDING_CHANGE_EXPIRED;
    case bindings::BindingChange::kFlowEnded:
      return v1::BINDING_CHANGE_FLOW_ENDED;
  }
  __builtin_unreachable();
}

void Fill(const bindings::Binding& binding, TimePoint now, v1::Binding& out) {
  out.set_aor(Printable(binding.key.aor));
  out.set_contact(Printable(binding.contact));
  const auto contact = sip::ReadContacts(binding.contact);
  if (contact) out.set_contact_uri(Printable(contact->front().uri));
  if (binding.key.instance_id) out.set_instance_id(binding.key.instance_id->text());
  if (binding.key.reg_id) out.set_reg_id(*binding.key.reg_id);
  for (const std::string& uri : binding.path) out.add_path(Printable(uri));
  out.set_flow_id(binding.flow.ToString());
  out.set_q(binding.q.thousandths / 1000.0);
  Fill(std::max(binding.expires - now, Duration::zero()), *out.mutable_expires_in());
  Fill(std::max(now - binding.updated, Duration::zero()), *out.mutable_age());
}

void Fill(const engine::RegistrationEvent& event, const Moment& now, v1::BindingEvent& out) {
  out.set_sequence(event.sequence);
  *out.mutable_time() = WallTime(event.time, now);
  out.set_change(ToProto(event.change));
  Fill(event.binding, event.time, *out.mutable_binding());
}

void Fill(const engine::TokenVerdict& verdict, v1::VerifyTokenResponse& out) {
  using State = engine::TokenVerdict::State;
  switch (verdict.state) {
    case State::kLive:
      out.set_state(v1::TOKEN_STATE_LIVE);
      break;
    case State::kGone:
      out.set_state(v1::TOKEN_STATE_GONE);
      break;
    case State::kForged:
      out.set_state(v1::TOKEN_STATE_FORGED);
      break;
  }
  out.set_sip_status(static_cast<std::uint32_t>(verdict.sip_status));
  if (verdict.flow) out.set_flow_id(verdict.flow->ToString());
  if (!verdict.addresses) return;
  out.set_transport(ToProto(verdict.addresses->transport));
  Fill(verdict.addresses->local, *out.mutable_local());
  Fill(verdict.addresses->remote, *out.mutable_remote());
}

}  // namespace flowbroker::rpc
