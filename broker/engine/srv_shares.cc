#include "broker/engine/srv_shares.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace flowbroker::engine {
namespace {

history::ShareRecord ShareRecordOf(const location::LocatedTarget& located) {
  return {located.srv_priority, located.srv_weight, located.host, located.target.endpoint.port};
}

/// The records of `owner` among the targets, each once, in an order that does not depend on that of DNS.
std::vector<history::ShareRecord> RecordsOf(const std::string& owner,
                                            const std::vector<location::LocatedTarget>& targets) {
  std::vector<history::ShareRecord> records;
  for (const location::LocatedTarget& located : targets) {
    if (located.srv_owner == owner) records.push_back(ShareRecordOf(located));
  }
  std::ranges::sort(records, {}, [](const history::ShareRecord& one) {
    return std::tie(one.priority, one.host, one.port, one.weight);
  });
  const auto [first, last] = std::ranges::unique(records);
  records.erase(first, last);
  return records;
}

std::string KeyOf(const std::string& owner, const std::vector<history::ShareRecord>& records) {
  std::string key = owner;
  for (const history::ShareRecord& one : records) {
    for (const std::string& part : {std::to_string(one.priority), std::to_string(one.weight), one.host})
      key += ' ' + part;
    key += ':' + std::to_string(one.port);
  }
  return key;
}

}  // namespace

std::shared_ptr<history::ShareLedger> SrvShares::LedgerFor(const std::vector<location::LocatedTarget>& targets,
                                                           RandomSource& random) {
  if (targets.empty() || !targets.front().srv_owner) return nullptr;
  const std::string& owner = *targets.front().srv_owner;
  auto records = RecordsOf(owner, targets);
  std::string key = KeyOf(owner, records);
  if (const auto known = ledgers_.find(key); known != ledgers_.end()) return known->second;
  if (ledgers_.size() >= max_ledgers_) ledgers_.erase(ledgers_.begin());
  auto ledger = std::make_shared<history::ShareLedger>(std::move(records), random);
  ledgers_.emplace(std::move(key), ledger);
  return ledger;
}

std::optional<std::size_t> RecordOf(const history::ShareLedger& ledger, std::string_view owner,
                                    const location::LocatedTarget& located) {
  if (located.srv_owner != owner) return std::nullopt;
  const auto& records = ledger.records();
  const auto found = std::ranges::find(records, ShareRecordOf(located));
  if (found == records.end()) return std::nullopt;
  return static_cast<std::size_t>(found - records.begin());
}

}  // namespace flowbroker::engine
