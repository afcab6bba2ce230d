#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/dns/dns_name.h"

namespace flowbroker::dns {

/// The record types the broker asks for; values are those of the IANA registry.
enum class RecordType : std::uint16_t {
  kA = 1,
  kAaaa = 28,
  kSrv = 33,
  kNaptr = 35,
};

/// "A", "AAAA", "SRV" or "NAPTR".
std::string_view ToString(RecordType type);

/// One DNS question (class IN).
struct Question {
  DnsName name;
  RecordType type;

  std::string ToString() const;  ///< "SRV _sip._tcp.example.org"
  friend bool operator==(const Question&, const Question&) = default;
  friend auto operator<=>(const Question&, const Question&) = default;
};

/// RFC 3403 s.4.1. `flags` and `service` are in lower case.
struct NaptrRecord {
  std::uint16_t order;
  std::uint16_t preference;
  std::string flags;
  std::string service;
  std::string regexp;
  DnsName replacement;  ///< root where the record uses `regexp`
  friend bool operator==(const NaptrRecord&, const NaptrRecord&) = default;
};

/// RFC 2782. A root `target` means: the service is decidedly not available at this domain.
struct SrvRecord {
  std::uint16_t priority;
  std::uint16_t weight;
  std::uint16_t port;
  DnsName target;
  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

/// What DNS said to a question.
enum class AnswerStatus : std::uint8_t {
  kRecords,        ///< there are records
  kNoRecords,      ///< the name exists without records of this type (NODATA)
  kNoSuchName,     ///< NXDOMAIN
  kTimedOut,       ///< no server answered in time
  kServerFailure,  ///< all servers said SERVFAIL, REFUSED, NOTIMP or FORMERR, or could not be reached
  kMalformed,      ///< the answer could not be read
};

/// For people: "records", "no records", "no such name", "timed out", "server failure" or "malformed answer".
std::string_view ToString(AnswerStatus status);

/// Whether DNS is at fault, so that an older answer may stand in (the other statuses are answers in their own right).
constexpr bool IsDnsTrouble(AnswerStatus status) {
  return status == AnswerStatus::kTimedOut || status == AnswerStatus::kServerFailure ||
         status == AnswerStatus::kMalformed;
}

/// An answer and how long it may be believed. Addresses, SRV and NAPTR answers each fill their own list only.
struct RecordSet {
  AnswerStatus status;
  /// Lowest TTL on the way from question to records, CNAMEs included; for negative answers the SOA's negative TTL
  /// (RFC 2308: the lower of SOA TTL and SOA MINIMUM). Zero where DNS gave none: believe it for this use only.
  Duration ttl{0};
  std::vector<IpAddress> addresses = {};
  std::vector<SrvRecord> srv = {};
  std::vector<NaptrRecord> naptr = {};
};

}  // namespace flowbroker::dns

template <>
struct std::hash<flowbroker::dns::Question> {
  std::size_t operator()(const flowbroker::dns::Question& q) const noexcept {
    return std::hash<flowbroker::dns::DnsName>{}(q.name) * 31 + static_cast<std::size_t>(q.type);
  }
};
