#pragma once

#include <rapidcheck.h>

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <vector>

#include "broker/base/time.h"
#include "broker/history/path.h"

namespace flowbroker::history {

/// How a path is while it is broken.
enum class Trouble {
  kSilent,
  kSlow,         ///< answers after 600 ms
  kRefused,      ///< at once
  kUnreachable,  ///< network unreachable, at once
};

/// Some time of trouble for one IPv6 address, or a whole IPv6 prefix.
struct Breakage {
  std::optional<std::size_t> address;  ///< absent: the whole prefix
  std::size_t prefix;
  Trouble trouble;
  TimePoint from;
  TimePoint until;
};

/// A service seen by one caller: its IPv6 addresses, which come first by policy, and an IPv4 address that always works.
struct Host {
  std::vector<Path> ipv6;
  Path ipv4;
  Duration every;  ///< between two requests
};

/// A network with traffic and troubles. An address that has none answers after `rtt`.
struct Schedule {
  std::vector<Host> hosts;
  std::vector<Breakage> breakages;
  Duration rtt;
  TimePoint end;

  /// Nothing where the path works. Of several troubles the first counts.
  std::optional<Trouble> TroubleOf(const Path& path, TimePoint at) const;
  bool AnyTrouble(TimePoint at) const;
};

inline constexpr std::size_t kPrefixes = 4;
inline constexpr std::size_t kAddresses = 3;  // in each prefix
Path AddressIn(std::size_t prefix, std::size_t number);

std::ostream& operator<<(std::ostream& out, const Schedule& schedule);

/// Any schedule of an hour, mostly of few troubles, with a request to each host every five seconds or more often.
rc::Gen<Schedule> AnySchedule();

}  // namespace flowbroker::history
