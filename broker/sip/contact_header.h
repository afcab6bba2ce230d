#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/expected.h"
#include "broker/sip/instance_id.h"

namespace flowbroker::sip {

/// One value of a Contact header field of a REGISTER (RFC 3261 s.20.10, RFC 5626 s.11), as a registrar stores it (B2).
struct ContactHeader {
  std::string uri;           ///< as written, without angle brackets; "*" means all bindings of the AOR (wildcard())
  std::string display_name;  ///< as written, quotes included; empty when absent
  /// Seconds the binding is wanted for; 0 removes it. As RFC 3261 s.20.10 says, a malformed value counts as 3600 and
  /// one above 2^32-1 as that.
  std::optional<std::uint32_t> expires;
  std::optional<std::uint16_t> q;       ///< preference in thousandths, 0..1000
  std::optional<std::uint32_t> reg_id;  ///< 1..2^31-1 (B5); without `instance` a registrar ignores it (RFC 5626 s.6)
  std::optional<InstanceId> instance;   ///< `+sip.instance`
  std::string other_parameters;         ///< the others as written, each after a ';'; empty when there are none

  bool wildcard() const { return uri == "*"; }
};

/// No REGISTER has more Contact values, and no Contact field is longer in octets: user agents send one or two of less
/// than 500.
inline constexpr std::size_t kMaxContacts = 16;
inline constexpr std::size_t kMaxContactOctets = 8192;

/// Reads all values of a Contact field; several fields are one after joining them with commas (RFC 3261 s.7.3.1). Never
/// empty. Linear. Fails with kInvalidArgument, saying what is wrong: text that is no list of contacts; a `reg-id` out
/// of its range (B5), a broken `q` or `+sip.instance`, one of these or `expires` twice; "*" beside anything else.
Expected<std::vector<ContactHeader>> ReadContacts(std::string_view value);

}  // namespace flowbroker::sip
