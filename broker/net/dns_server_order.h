#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "broker/base/time.h"

namespace flowbroker::net {

/// Which DNS server to ask first. The configured order holds, except that a server which was silent is asked last until
/// it answers again; otherwise a dead first server would cost its time-out on every question. Servers are named by
/// their index. Pure; not thread-safe.
class DnsServerOrder {
 public:
  DnsServerOrder(std::size_t servers, Duration retry_after) : servers_(servers), retry_after_(retry_after) {}

  /// All servers, best first.
  std::vector<std::size_t> Order() const;

  void OnAnswered(std::size_t server) { servers_[server].retry_at.reset(); }
  void OnSilent(std::size_t server, TimePoint now) { servers_[server].retry_at = now + retry_after_; }

  /// A silent server that is due to be tried again, beside the question at hand and without anyone waiting for it. Each
  /// is returned once per `retry_after`. Nothing while all servers are silent: then they are all being asked anyway.
  std::optional<std::size_t> TakeDueForRetry(TimePoint now);

 private:
  struct Server {
    std::optional<TimePoint> retry_at;  // set while silent
  };
  std::vector<Server> servers_;
  Duration retry_after_;
};

}  // namespace flowbroker::net
