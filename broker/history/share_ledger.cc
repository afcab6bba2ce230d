#include "broker/history/share_ledger.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace flowbroker::history {
namespace {

/// RFC 2782: "Records containing a weight of 0 ... should have a very small chance of being selected", which by its
/// algorithm is that of weight 1.
double EffectiveWeight(const ShareRecord& record) {
  return std::max<double>(record.weight, 1);
}

}  // namespace

ShareLedger::ShareLedger(std::vector<ShareRecord> records, RandomSource& random)
    : records_(std::move(records)), credits_(records_.size()), shares_(records_.size()), taking_part_(records_.size()) {
  SetUsable(std::vector<bool>(records_.size(), true));
  // A random point of the cycle: every record is somewhere between two turns.
  for (double& credit : credits_) credit = static_cast<double>(UniformUpTo(random, 1'000'000)) / 1e6;
}

void ShareLedger::SetUsable(const std::vector<bool>& usable) {
  const bool any = std::ranges::find(usable, true) != usable.end();
  const auto can_serve = [&](std::size_t i) { return !any || usable[i]; };
  std::optional<std::uint16_t> priority;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (can_serve(i)) priority = std::min(priority.value_or(records_[i].priority), records_[i].priority);
  }
  double sum = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    taking_part_[i] = can_serve(i) && records_[i].priority == priority;
    if (taking_part_[i]) sum += EffectiveWeight(records_[i]);
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    shares_[i] = taking_part_[i] ? EffectiveWeight(records_[i]) / sum : 0;
    if (!taking_part_[i]) credits_[i] = 0;
  }
}

std::size_t ShareLedger::Next() const {
  std::size_t next = records_.size();
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!taking_part_[i]) continue;
    if (next == records_.size() || credits_[i] + shares_[i] > credits_[next] + shares_[next]) next = i;
  }
  return next;
}

void ShareLedger::Served(std::size_t record) {
  for (std::size_t i = 0; i < records_.size(); ++i) credits_[i] += shares_[i];
  if (taking_part_[record]) credits_[record] -= 1;
}

std::vector<bool> Responsive(const std::vector<std::optional<Duration>>& smoothed_rtts) {
  std::vector<Duration> known;
  for (const auto& rtt : smoothed_rtts) {
    if (rtt) known.push_back(*rtt);
  }
  std::vector<bool> responsive(smoothed_rtts.size(), true);
  if (known.empty()) return responsive;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>((known.size() - 1) / 2);
  std::ranges::nth_element(known, middle);
  const Duration limit = std::max<Duration>(std::chrono::seconds(1), 10 * *middle);
  for (std::size_t i = 0; i < smoothed_rtts.size(); ++i)
    responsive[i] = !smoothed_rtts[i] || *smoothed_rtts[i] <= limit;
  return responsive;
}

}  // namespace flowbroker::history
