#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "broker/history/reachability_history.h"

namespace flowbroker::engine {

/// The ReachabilityHistory of the whole broker, striped by address prefix so that shards seldom wait for each other.
/// Thread-safe.
class SharedHistory {
 public:
  explicit SharedHistory(const history::HistoryOptions& options);

  void Record(const history::AttemptOutcome& outcome, TimePoint now);
  std::optional<history::ExpectedRtt> Expect(const Target& target, AttemptStage stage) const;

 private:
  struct Stripe {
    explicit Stripe(const history::HistoryOptions& options) : history(options) {}
    mutable std::mutex mutex;
    history::ReachabilityHistory history;
  };
  static constexpr std::size_t kStripes = 16;

  Stripe& StripeOf(const IpAddress& address) const;

  history::HistoryOptions options_;
  std::array<std::unique_ptr<Stripe>, kStripes> stripes_;
};

}  // namespace flowbroker::engine
