#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/base/random_source.h"
#include "broker/history/share_ledger.h"
#include "broker/location/server_locator.h"

namespace flowbroker::engine {

/// The ledgers of all SRV owner names that one shard has met (S5). Each shard keeps its own: where every part of the
/// traffic has the right shares, so has the whole.
class SrvShares {
 public:
  /// `max_ledgers` are kept; beyond that any one is forgotten, which costs its present debts only.
  explicit SrvShares(std::size_t max_ledgers) : max_ledgers_(max_ledgers) {}

  /// The ledger of the SRV owner name that brought the first of `targets`, for just the records that brought targets:
  /// requests that see other ones (other families, other DNS data) have shares of their own. Null where no SRV record
  /// did. Kept alive by whoever remembers it.
  std::shared_ptr<history::ShareLedger> LedgerFor(const std::vector<location::LocatedTarget>& targets,
                                                  RandomSource& random);

  std::size_t size() const { return ledgers_.size(); }

 private:
  const std::size_t max_ledgers_;
  std::unordered_map<std::string, std::shared_ptr<history::ShareLedger>> ledgers_;  // by owner and records
};

/// Place in the ledger of `owner` of the record that brought `located`; nothing where it came from elsewhere: another
/// owner name, which is another transport, may have equal records.
std::optional<std::size_t> RecordOf(const history::ShareLedger& ledger, std::string_view owner,
                                    const location::LocatedTarget& located);

}  // namespace flowbroker::engine
