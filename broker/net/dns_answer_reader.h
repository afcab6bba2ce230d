#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "broker/dns/records.h"

namespace flowbroker::net {

/// What one message from a DNS server says to a question.
struct DnsReading {
  dns::RecordSet answer;
  /// Set where the message ends in an alias (CNAME) and says nothing about the name behind it: ask for that name.
  /// `answer` then carries only the TTL of the way so far.
  std::optional<dns::DnsName> alias = std::nullopt;
};

/// Reads a DNS message (RFC 1035 s.4) that came as the answer to `question`. The bytes are hostile: everything is
/// checked against its bounds, and the work is linear in their number (compression pointers may only go backwards).
///
/// - Response codes other than NOERROR and NXDOMAIN, and referrals: kServerFailure.
/// - Not a response, another question, names or records that run over their end: kMalformed.
/// - Records of other names, types and classes are skipped, as are those whose names are no DnsName.
/// - CNAMEs are followed in whatever order they come, at most 16 of them; a longer way or a loop is a kServerFailure.
/// - `ttl` is the lowest on the way; for negative answers that of the SOA (RFC 2308 s.5), and zero without one.
DnsReading ReadDnsAnswer(const dns::Question& question, std::span<const std::uint8_t> message);

}  // namespace flowbroker::net
