#include "broker/net/dns_server_order.h"

#include <algorithm>

namespace flowbroker::net {

std::vector<std::size_t> DnsServerOrder::Order() const {
  std::vector<std::size_t> order;
  for (const bool silent : {false, true}) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (servers_[i].retry_at.has_value() == silent) order.push_back(i);
    }
  }
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
