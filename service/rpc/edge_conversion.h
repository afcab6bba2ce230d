#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/engine/edge_access.h"
#include "flowbroker/v1/edge_service.pb.h"
#include "service/rpc/proto_conversion.h"

// EdgeService between the wire and the engine.
namespace flowbroker::rpc {

inline constexpr std::size_t kMaxAor = 1024;    ///< octets of an address-of-record
inline constexpr std::size_t kMaxToken = 1024;  ///< octets; ours have 64 at most

/// What a REGISTER asks for, one contact after the other.
struct Registration {
  /// "Contact: *" with `Expires: 0`: everything of this address-of-record goes.
  bool removes_all = false;
  struct Contact {
    std::string uri;  ///< as written
    bindings::BindingKey key;
    std::optional<bindings::BindRequest> bind;  ///< absent: the binding is taken out
  };
  std::vector<Contact> contacts = {};
};

// From the wire. Failures are kInvalidArgument and name the field as callers write it.

Expected<std::string> RequiredAor(const std::string& aor);
/// `tenant`: whose bindings they are.
Expected<Registration> FromProto(const v1::BindRequest& request, const std::string& tenant);
/// Absent: everything of the address-of-record.
Expected<std::optional<bindings::BindingKey>> FromProto(const v1::UnbindRequest& request, const std::string& tenant);

v1::BindingChange ToProto(bindings::BindingChange change);
void Fill(const bindings::Binding& binding, TimePoint now, v1::Binding& out);
void Fill(const engine::RegistrationEvent& event, const Moment& now, v1::BindingEvent& out);
void Fill(const engine::TokenVerdict& verdict, v1::VerifyTokenResponse& out);

}  // namespace flowbroker::rpc
