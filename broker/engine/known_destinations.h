#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/time.h"
#include "broker/engine/text_map.h"
#include "broker/flow/flow_id.h"
#include "broker/history/share_ledger.h"

namespace flowbroker::engine {

/// Where a destination key led last: the shortcut of the fast path, which then asks neither DNS nor memory. Losing an
/// entry costs a look into the DNS cache.
class KnownDestinations {
 public:
  /// A destination with one flow, or one per SRV record.
  struct Known {
    TimePoint valid_until;  ///< DNS answers expire, a better target is to be probed again, or a 503 is over
    std::uint64_t epoch;    ///< BrokerState::unavailable_epoch up to which no 503 concerned it
    std::shared_ptr<history::ShareLedger> ledger;    ///< null: not located by SRV
    std::vector<std::optional<flow::FlowId>> flows;  ///< by place in the ledger; one where there is none
  };

  explicit KnownDestinations(std::size_t max_entries) : max_entries_(max_entries) {}

  /// Null where nothing usable at `now` is known. Valid until the next Remember, Forget or Clear.
  Known* Find(std::string_view key, TimePoint now);

  /// Remembers that `key` led to `flow`, through `record` of the ledger where there is one.
  void Remember(const std::string& key, Known facts, std::size_t record, const flow::FlowId& flow);

  void Forget(std::string_view key);
  void Clear() { known_.clear(); }

 private:
  const std::size_t max_entries_;
  TextMap<Known> known_;
};

}  // namespace flowbroker::engine
