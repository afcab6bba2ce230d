#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/transport.h"
#include "broker/dns/records.h"

namespace flowbroker::location {

/// What to ask next where a NAPTR record leads (RFC 3403 s.4.1, flags).
enum class NaptrNext : std::uint8_t {
  kSrv,        ///< "s": SRV of the name
  kAddresses,  ///< "a": A and AAAA of the name
  kNaptr,      ///< "": not terminal, NAPTR of the name
};

/// One usable NAPTR record, read.
struct NaptrChoice {
  NaptrNext next;
  dns::DnsName name;
  std::optional<Transport> transport;  ///< absent only for a non-terminal record without service
  std::string reason;                  ///< "NAPTR SIP+D2T 10/50", for the trace
};

/// The records to follow, best first (RFC 3263 s.4.1). First those for services that are not `usable` (of SIPS+D2T,
/// SIP+D2T, SIP+D2U; anything else never is) or cannot be followed are discarded; of the others those with the lowest
/// order stay, sorted by preference.
std::vector<NaptrChoice> SelectNaptr(const std::vector<dns::NaptrRecord>& records, TransportSet usable);

/// The name the substitution expression `regexp` makes of a domain name, without a regular expression engine, which
/// hostile text could keep busy: only expressions that match all of any name and use none of it are evaluated, as in
/// "!^.*$!_sip._tcp.example.org!". Nothing for others.
std::optional<dns::DnsName> SubstituteWholeName(std::string_view regexp);

}  // namespace flowbroker::location
