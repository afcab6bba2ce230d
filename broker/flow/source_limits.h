#pragma once

#include <cstddef>
#include <unordered_map>

#include "broker/flow/source_counts.h"

namespace flowbroker::flow {

struct SourceLimitOptions {
  std::size_t max_connections = 20'000;  ///< that user agents have open, all together
  /// From one IPv4 address or one IPv6 /64. High, as a whole company may sit behind one address.
  std::size_t max_connections_per_source = 1'000;
};

/// How many connections there are from where (N3). One source cannot take the room of all others. A source without
/// connections is not remembered. Pure; not thread-safe.
class SourceLimits {
 public:
  enum class Verdict : std::uint8_t {
    kAdmitted,
    kTooMany,            ///< max_connections
    kTooManyFromSource,  ///< max_connections_per_source
  };

  explicit SourceLimits(const SourceLimitOptions& options) : options_(options) {}

  /// Counts the connection where it is admitted.
  Verdict Admit(const IpAddress& source) {
    if (connections_ >= options_.max_connections) return Verdict::kTooMany;
    const auto [entry, fresh] = per_source_.try_emplace(SourceOf(source), 0);
    if (entry->second >= options_.max_connections_per_source) {
      if (fresh) per_source_.erase(entry);
      return Verdict::kTooManyFromSource;
    }
    ++entry->second;
    ++connections_;
    return Verdict::kAdmitted;
  }

  /// One that was admitted has ended.
  void Release(const IpAddress& source) {
    const auto entry = per_source_.find(SourceOf(source));
    if (entry == per_source_.end()) return;
    --connections_;
    if (--entry->second == 0) per_source_.erase(entry);
  }

  std::size_t connections() const { return connections_; }
  std::size_t sources() const { return per_source_.size(); }

 private:
  SourceLimitOptions options_;
  std::size_t connections_ = 0;
  std::unordered_map<IpAddress, std::size_t> per_source_;
};

}  // namespace flowbroker::flow
