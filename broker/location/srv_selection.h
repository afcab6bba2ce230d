#pragma once

#include <cstddef>
#include <vector>

#include "broker/base/random_source.h"
#include "broker/dns/records.h"

namespace flowbroker::location {

/// The order in which RFC 2782 wants the records of one SRV answer tried: priorities ascending, within a priority drawn
/// by weight. At most `limit` records are drawn, so that a huge answer costs linear work; the rest is left out.
/// Records whose target is the root are not looked at differently here: see IsDeclaredUnavailable.
std::vector<dns::SrvRecord> OrderSrvRecords(std::vector<dns::SrvRecord> records, std::size_t limit,
                                            RandomSource& random);

/// Whether the answer says "the service is decidedly not available at this domain" (RFC 2782, Target "."): it has
/// records and none of them names a host.
bool IsDeclaredUnavailable(const std::vector<dns::SrvRecord>& records);

}  // namespace flowbroker::location
