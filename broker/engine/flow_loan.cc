#include "broker/engine/flow_loan.h"

#include <optional>

#include "broker/engine/shard.h"

namespace flowbroker::engine {

void ArrangeLoan(const std::vector<std::unique_ptr<Shard>>& shards, const LoanRequest& request) {
  std::optional<Loan> loan;
  for (const LoanOffer& offer : request.offers) {
    loan = shards[offer.shard]->WithCore([&](ShardCore& core, TimePoint now) {
      return core.acquisitions().Lend(offer.wanted, request.fresh_only, now);
    });
    if (loan) break;
  }
  shards[request.from]->WithCore(
      [&](ShardCore& core, TimePoint now) { core.acquisitions().OnLoan(request.acquisition, loan, now); });
}

}  // namespace flowbroker::engine
