#include "broker/net/dns_server_order.h"

#include <algorithm>
#include <numeric>

namespace flowbroker::net {

std::vector<std::size_t> DnsServerOrder::Order() const {
  std::vector<std::size_t> order(servers_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_partition(order.begin(), order.end(), [this](std::size_t i) { return !servers_[i].retry_at; });
  return order;
}

std::optional<std::size_t> DnsServerOrder::TakeDueForRetry(TimePoint now) {
  const bool all_silent =
      std::all_of(servers_.begin(), servers_.end(), [](const Server& s) { return s.retry_at.has_value(); });
  if (all_silent) return std::nullopt;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto& retry_at = servers_[i].retry_at;
    if (!retry_at || *retry_at > now) continue;
    retry_at = now + retry_after_;
    return i;
  }
  return std::nullopt;
}

}  // namespace flowbroker::net
