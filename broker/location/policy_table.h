#pragma once

#include "broker/base/ip_address.h"

namespace flowbroker::location {

/// What the default policy table of RFC 6724 s.2.1 says about an address.
struct AddressPolicy {
  int precedence;  ///< higher is preferred (rule 6)
  int label;       ///< a source and a destination with equal labels suit each other (rule 5)
};

/// The entry of the default policy table with the longest prefix that matches; IPv4 is looked up as IPv4-mapped.
AddressPolicy PolicyOf(const IpAddress& address);

}  // namespace flowbroker::location
