#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/base/ip_address.h"

namespace flowbroker::flow {

/// Whom a certificate speaks for (RFC 5922 s.7.1).
struct TlsIdentities {
  std::vector<std::string> domains;  ///< canonical; may hold names that can never match ("*.a")
  std::vector<IpAddress> addresses;

  /// "sip.example.org, 192.0.2.1"; "no identity" where there is none. For people: control characters are replaced.
  std::string ToString() const;
};

/// Lower case, without the trailing dot.
std::string CanonicalDomain(std::string_view name);

/// Whether `identities` contain `wanted`, a host name or numeric address. Names match as a whole and without regard to
/// case, wildcards never (RFC 5922 s.7.2).
bool Matches(const TlsIdentities& identities, std::string_view wanted);

}  // namespace flowbroker::flow
