#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "broker/base/expected.h"

namespace flowbroker::rpc {

/// Longest SPIFFE id there may be (SPIFFE-ID section 2.3), and longest DNS name (RFC 1035 section 2.3.4) in text.
inline constexpr std::size_t kMaxSpiffeId = 2048;
inline constexpr std::size_t kMaxTrustDomain = 255;
inline constexpr std::size_t kMaxDnsName = 253;

/// Whether `text` is a SPIFFE id of a workload: "spiffe://trust-domain/path" by the letter of SPIFFE-ID section 2, with
/// a path, which X509-SVID section 5.2 asks for in a leaf. Ids are compared octet by octet, so one that is not in its
/// only form is none.
bool IsSpiffeId(std::string_view text);

/// Whom a certificate that was verified belongs to, by its subject alternative names: the SPIFFE id, else the first DNS
/// name in lower case. Never the common name (RFC 6125 section 6.4.4 and RFC 9525 section 2). A certificate with a
/// spiffe URI must have just that one URI (X509-SVID section 2) and is not looked at further: what fails here is
/// refused, not taken for something else. Failures say what to do about the certificate.
Expected<std::string> IdentityOf(std::span<const std::string_view> uris, std::span<const std::string_view> dns_names);

/// `name` as IdentityOf would give it: DNS names are of one case, SPIFFE ids keep theirs.
std::string WithCaseOfIdentity(std::string_view name);

}  // namespace flowbroker::rpc
