#include "broker/history/share_ledger.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace flowbroker::history {
namespace {

/// RFC 2782: "Records containing a weight of 0 ... should have a very small chance of being selected", which by its
/// algorithm is that of weight 1.
double EffectiveWeight(const ShareRecord& record) {
  return std::max<double>(record.weight, 1);
}

/// A record drawn with a probability in proportion to its share.
std::size_t Draw(const std::vector<double>& shares, RandomSource& random) {
  constexpr std::uint64_t kSteps = std::uint64_t{1} << 53U;  // as fine as a double
  double left = static_cast<double>(UniformUpTo(random, kSteps - 1)) / static_cast<double>(kSteps);
  std::size_t drawn = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] > 0) drawn = i;
    if (left < shares[i]) break;
    left -= shares[i];
  }
  return drawn;
}

}  // namespace

ShareLedger::ShareLedger(std::vector<ShareRecord> records, RandomSource& random)
    : records_(std::move(records)),
      credits_(records_.size(), 0),
      usable_(records_.size(), true),
      taking_part_(records_.size()),
      shares_(records_.size()) {
  DivideShares();
  if (!records_.empty()) credits_[Draw(shares_, random)] = 1;  // more than the others have when it is their turn
}

void ShareLedger::SetUsable(const std::vector<bool>& usable) {
  const bool none = std::ranges::find(usable, true) == usable.end();
  const std::vector<bool> now_usable = none ? std::vector<bool>(records_.size(), true) : usable;
  if (now_usable == usable_) return;
  PlaceReturning(now_usable);
  usable_ = now_usable;
  DivideShares();
}

void ShareLedger::PlaceReturning(const std::vector<bool>& now_usable) {
  struct Credits {
    double sum = 0;
    double count = 0;
  };
  std::map<std::uint16_t, Credits> staying;  // by priority
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!usable_[i] || !now_usable[i]) continue;
    Credits& credits = staying[records_[i].priority];
    credits.sum += credits_[i];
    ++credits.count;
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (usable_[i] || !now_usable[i]) continue;
    if (const auto peers = staying.find(records_[i].priority); peers != staying.end())
      credits_[i] = peers->second.sum / peers->second.count;
  }
}

void ShareLedger::DivideShares() {
  std::optional<std::uint16_t> priority;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (usable_[i]) priority = std::min(priority.value_or(records_[i].priority), records_[i].priority);
  }
  double sum = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    taking_part_[i] = usable_[i] && records_[i].priority == priority;
    if (taking_part_[i]) sum += EffectiveWeight(records_[i]);
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    shares_[i] = taking_part_[i] ? EffectiveWeight(records_[i]) / sum : 0;
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
  Count(record, 1);
}

void ShareLedger::TakeBack(std::size_t record) {
  Count(record, -1);
}

void ShareLedger::Count(std::size_t record, double requests) {
  if (!taking_part_[record]) return;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const double paid = i == record ? 1 : 0;
    credits_[i] = std::clamp(credits_[i] + requests * (shares_[i] - paid), -kLargestCredit, kLargestCredit);
  }
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
  for (std::size_t i = 0; i < smoothed_rtts.size(); ++i) {
    const auto& rtt = smoothed_rtts[i];
    responsive[i] = !rtt || *rtt <= std::chrono::seconds(1) || *rtt / 10 <= *middle;
  }
  return responsive;
}

}  // namespace flowbroker::history
