#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/base/ip_address.h"

struct x509_st;  // OpenSSL's X509

namespace flowbroker::net {

/// Whom a certificate speaks for (RFC 5922 s.7.1).
struct TlsIdentities {
  std::vector<std::string> domains;  ///< lower case, without trailing dot; may hold names that can never match ("*.a")
  std::vector<IpAddress> addresses;

  /// "sip.example.org, 192.0.2.1"; "no identity" where there is none. For people: control characters are replaced.
  std::string ToString() const;
};

/// Reads the identities of `certificate`: the hosts of all subjectAltName URIs of scheme `sip` without a user part;
/// only where there is none, the DNS names of the subjectAltName; only where there is no subjectAltName at all, the
/// common name. Addresses are those of the iPAddress type and of numeric hosts in such URIs.
TlsIdentities IdentitiesOf(const x509_st& certificate);

/// Whether `identities` contain `wanted`, a host name or numeric address. Names match as a whole and without regard to
/// case, wildcards never (RFC 5922 s.7.2).
bool Matches(const TlsIdentities& identities, std::string_view wanted);

/// Whether the extended key usage names id-kp-sipDomain (RFC 5924), which makes a certificate fit for SIP even where
/// TLS server authentication is not named.
bool IsForSipDomain(const x509_st& certificate);

}  // namespace flowbroker::net
