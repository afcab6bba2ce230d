#pragma once

#include <rapidcheck.h>

#include "broker/location/server_locator.h"
#include "tests/support/fake_dns_zone.h"

namespace flowbroker::location {

/// A domain "d" with any mixture of NAPTR (terminal or not), SRV of every transport, hosts with addresses of both
/// families, dead ends and DNS trouble. No two records lead to the same port of the same host, and every chain of NAPTR
/// has its own names, so that a target names the one way it came.
rc::Gen<testing::FakeDnsZone> AnyZone();

/// A request for "d": any scheme, transport, port, set of allowed transports and families.
rc::Gen<LocateRequest> AnyRequest();

}  // namespace flowbroker::location
