#include "broker/engine/shared_history.h"

namespace flowbroker::engine {
namespace {

history::HistoryOptions ShareOf(history::HistoryOptions options, std::size_t stripes) {
  options.max_targets = options.max_targets / stripes + 1;
  options.max_prefixes = options.max_prefixes / stripes + 1;
  return options;
}

}  // namespace

SharedHistory::SharedHistory(const history::HistoryOptions& options) : options_(options) {
  for (auto& stripe : stripes_) stripe = std::make_unique<Stripe>(ShareOf(options, kStripes));
}

void SharedHistory::Record(const history::AttemptOutcome& outcome, TimePoint now) {
  Stripe& stripe = StripeOf(outcome.target.endpoint.address);
  const std::lock_guard lock(stripe.mutex);
  stripe.history.Record(outcome, now);
}

std::optional<history::ExpectedRtt> SharedHistory::Expect(const Target& target, AttemptStage stage) const {
  const Stripe& stripe = StripeOf(target.endpoint.address);
  const std::lock_guard lock(stripe.mutex);
  return stripe.history.Expect(target, stage);
}

SharedHistory::Stripe& SharedHistory::StripeOf(const IpAddress& address) const {
  const int bits = address.is_ipv4() ? options_.ipv4_prefix_bits : options_.ipv6_prefix_bits;
  const auto whole_octets = static_cast<std::size_t>(bits / 8);  // targets of one prefix always share a stripe
  return *stripes_[HashBytes(address.octets().first(std::min(whole_octets, address.octets().size()))) % kStripes];
}

}  // namespace flowbroker::engine
