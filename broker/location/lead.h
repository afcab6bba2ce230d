#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "broker/base/target.h"
#include "broker/dns/dns_name.h"

namespace flowbroker::location {

// A lead is a place where the search for targets may go on. The leads of a location form one list in the order of
// RFC 3263; every answer replaces a lead by those it leads to, in the same place, until only hosts and addresses are
// left. That keeps the order right without further ado.

/// Ask NAPTR of `name`.
struct NaptrLead {
  dns::DnsName name;
  std::size_t step;  ///< 0 for the domain of the URI, 1 and more after non-terminal records
};

/// Ask SRV of `owner`.
struct SrvLead {
  dns::DnsName owner;
  Transport transport;
  std::string reason;  ///< what led here; empty where nothing but the URI did
};

/// SRV was asked for `transport` and there is none. Leads nowhere by itself; its transport counts where the search
/// falls back to the addresses of the domain.
struct NoSrvLead {
  Transport transport;
};

/// The SRV record that led to a host.
struct SrvSource {
  std::string owner;
  std::uint16_t priority;
  std::uint16_t weight;
};

/// Ask A and AAAA of `name`.
struct HostLead {
  dns::DnsName name;
  std::uint16_t port;
  Transport transport;
  std::string reason;
  std::optional<SrvSource> srv = std::nullopt;
};

/// A target that needs no DNS: a numeric host.
struct AddressLead {
  Target target;
  std::string reason;
};

using Lead = std::variant<NaptrLead, SrvLead, NoSrvLead, HostLead, AddressLead>;

/// Whether the lead still has to be replaced by what it leads to.
inline bool IsOpen(const Lead& lead) {
  return std::holds_alternative<NaptrLead>(lead) || std::holds_alternative<SrvLead>(lead);
}

}  // namespace flowbroker::location
