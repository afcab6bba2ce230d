#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "broker/engine/acquire.h"
#include "broker/engine/history_query.h"
#include "broker/history/path.h"

namespace flowbroker::engine {

struct Acquisition;

/// A target that an Acquire was led to.
struct RaceCandidate {
  std::string host;  ///< name its address came from; the address itself for numeric hosts
  history::Path path;

  bool IsOf(const Host& wanted) const {
    const auto* address = std::get_if<IpAddress>(&wanted);
    if (address != nullptr) return path.target.endpoint.address == *address;
    return host == std::get<dns::DnsName>(wanted).ToString();
  }
};

/// An Acquire that was located or raced, as it was when its callers had their answer. Holds no user part, parameter or
/// header of the URI.
struct RaceRecord {
  std::uint64_t number;  ///< rises by one per race of the process, from 1; given by RaceLog
  std::string host;      ///< of the URI, or of the Via for a response; lower case, IPv6 without brackets
  flow::Owner owner;
  Expected<AcquiredFlow> flow;
  TimePoint ended;
  Trace trace;                            ///< begins when the first caller asked
  std::vector<RaceCandidate> candidates;  ///< best first, at most kMaxCandidates

  static constexpr std::size_t kMaxCandidates = 64;

  /// Whether `wanted` is what the caller named.
  bool IsFor(const Host& wanted) const {
    const auto* address = std::get_if<IpAddress>(&wanted);
    return host == (address != nullptr ? address->ToString() : std::get<dns::DnsName>(wanted).ToString());
  }
  /// Whether it was for `wanted` itself, or has a candidate of it.
  bool Concerns(const Host& wanted) const {
    const auto is_of = [&wanted](const RaceCandidate& candidate) { return candidate.IsOf(wanted); };
    return IsFor(wanted) || std::ranges::any_of(candidates, is_of);
  }
};

/// What there is to remember of an acquisition that ends with `flow`.
RaceRecord RecordOf(const Acquisition& acquisition, Expected<AcquiredFlow> flow, TimePoint now);

}  // namespace flowbroker::engine
