#pragma once

#include "broker/flow/tls_identities.h"

struct x509_st;  // OpenSSL's X509

namespace flowbroker::net {

using flow::Matches;
using flow::TlsIdentities;

/// Reads the identities of `certificate`: the hosts of all subjectAltName URIs of scheme `sip` without a user part;
/// only where there is none, the DNS names of the subjectAltName; only where there is no subjectAltName at all, the
/// common name. Addresses are those of the iPAddress type and of numeric hosts in such URIs.
TlsIdentities IdentitiesOf(const x509_st& certificate);

/// Whether the extended key usage names id-kp-sipDomain (RFC 5924), which makes a certificate fit for SIP even where
/// TLS server authentication is not named.
bool IsForSipDomain(const x509_st& certificate);

}  // namespace flowbroker::net
