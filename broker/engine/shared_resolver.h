#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "broker/dns/dns_cache.h"
#include "broker/location/server_locator.h"

namespace flowbroker::engine {

/// The DNS cache of the whole broker, and the knowledge of which question is in flight: no tenant has a name and type
/// asked twice at the same time, whichever shards want it; two tenants may, because the question of one who asks much
/// waits for its turn. The first answer is for all. Asks nothing itself. Thread-safe.
class SharedResolver {
 public:
  explicit SharedResolver(const dns::DnsCacheOptions& options) : cache_(options) {}

  struct Answer {
    dns::RecordSet records;
    location::AnswerOrigin origin;
  };
  enum class Instruction : std::uint8_t {
    kAsk,   ///< nobody asks: the caller's shard must, and must then call End
    kWait,  ///< another request of the tenant asks: the answer comes to the caller's shard by itself
  };

  /// The answer where it is known, else what to do about it.
  std::variant<Answer, Instruction> Ask(const dns::Question& question, std::uint8_t shard, const std::string& tenant,
                                        TimePoint now);

  struct Ended {
    Answer answer;
    std::vector<std::uint8_t> shards;  ///< that wait for it, the one that asked included; each once
  };
  /// The question in flight was answered, or DNS failed: then an expired answer stands in where there is one.
  Ended End(const dns::Question& question, dns::RecordSet records, TimePoint now);

  /// The addresses of `name` that the cache knows, expired ones included while they could stand in.
  std::vector<IpAddress> AddressesOf(const dns::DnsName& name, TimePoint now);

 private:
  /// RFC 8767 s.5 ("failure recheck timer"): while DNS is in trouble the stale answer is served for so long without
  /// asking, or every request would pay the time-out anew.
  static constexpr Duration kRecheckAfterTrouble = std::chrono::seconds(5);

  std::mutex mutex_;
  dns::DnsCache cache_;
  struct InFlight {
    std::vector<std::uint8_t> shards = {};  // that wait
    std::vector<std::string> tenants = {};  // that had it asked
  };
  std::unordered_map<dns::Question, InFlight> in_flight_;
  std::unordered_map<dns::Question, TimePoint> recheck_at_;  // questions whose stale answer is in use
};

}  // namespace flowbroker::engine
