#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/types.h"

// What the broker remembers: plain structs that mirror proto/flowbroker/v1/history_service.proto, where every field is
// described.
namespace flowbroker::client {

using WallTime = std::chrono::system_clock::time_point;

enum class Reachability : std::uint8_t { kUnspecified = 0, kUnknown = 1, kReachable = 2, kSlow = 3, kUnreachable = 4 };
enum class MemoryLevel : std::uint8_t { kUnspecified = 0, kTarget = 1, kPrefix = 2, kFamily = 3 };
enum class AttemptStage : std::uint8_t { kUnknown = 0, kTcp = 1, kTls = 2, kProbe = 3 };

/// One prefix on one network with one transport.
struct FamilyPreference {
  std::string interface;      ///< empty: not known
  std::uint32_t network = 0;  ///< 0: not known
  std::string prefix;         ///< "192.0.2.0/24"
  Transport transport = Transport::kUnknown;
  AddressFamily family = AddressFamily::kUnknown;            ///< of the prefix
  AddressFamily preferred_family = AddressFamily::kUnknown;  ///< used today
  double confidence = 0;                                     ///< 0 to 1
  std::uint64_t wins = 0;
  std::uint64_t losses = 0;
  std::optional<Duration> smoothed_rtt = std::nullopt;
  WallTime since;
  Reachability reachability = Reachability::kUnspecified;
  std::string failure;  ///< empty unless slow or unreachable
  std::optional<WallTime> next_reprobe = std::nullopt;
};

/// Which preferences to list.
struct PreferenceFilter {
  std::string interface = {};                      ///< empty: all
  AddressFamily family = AddressFamily::kUnknown;  ///< kUnknown: both
  std::string prefix = {};                         ///< CIDR form, or an address; empty: all
  bool only_impaired = false;
};

struct StageRtt {
  AttemptStage stage = AttemptStage::kUnknown;
  Duration smoothed{};
  Duration variation{};
  std::uint32_t samples = 0;
  bool of_target = false;  ///< false: of its prefix
};

/// One target on one network.
struct TargetReachability {
  std::string interface;      ///< empty: not known
  std::uint32_t network = 0;  ///< 0: not known
  Transport transport = Transport::kUnknown;
  Endpoint endpoint;
  AddressFamily family = AddressFamily::kUnknown;
  Reachability reachability = Reachability::kUnspecified;
  MemoryLevel level = MemoryLevel::kUnspecified;
  std::string failure;                           ///< empty unless slow or unreachable
  std::optional<WallTime> since = std::nullopt;  ///< absent unless slow or unreachable
  std::optional<WallTime> next_reprobe = std::nullopt;
  bool unavailable = false;  ///< 503
  std::vector<StageRtt> rtts;
  TimerAdvice timers;
};

/// Which targets a question is about.
struct ReachabilityQuery {
  std::string host;                           ///< name or address
  std::uint16_t port = 0;                     ///< 0: all
  Transport transport = Transport::kUnknown;  ///< kUnknown: all
  std::string interface = {};                 ///< empty: all
};

/// An Acquire that needed DNS or a race.
struct Race {
  std::uint64_t number = 0;
  WallTime start_time;
  Duration duration{};
  std::string host;
  std::string client_group;
  bool succeeded = false;
  FlowSource source = FlowSource::kUnknown;  ///< this and the next four: where it succeeded
  Transport transport = Transport::kUnknown;
  AddressFamily family = AddressFamily::kUnknown;
  Endpoint local;
  Endpoint remote;
  std::string failure;  ///< empty where it succeeded
  std::string detail;
  Trace trace;
};

/// Which races to list.
struct RaceFilter {
  std::string host = {};                                   ///< name or address; empty: all
  std::optional<bool> succeeded = std::nullopt;            ///< absent: both
  std::optional<std::string> client_group = std::nullopt;  ///< absent: all
};

/// How much was forgotten.
struct Forgotten {
  std::uint32_t targets = 0;
  std::uint32_t prefixes = 0;
};

/// A change of what is thought of a prefix, or word that much was forgotten.
struct PreferenceEvent {
  std::uint64_t sequence = 0;
  WallTime time;
  std::optional<FamilyPreference> changed = std::nullopt;
  std::string forgotten = {};  ///< where nothing `changed`: a prefix, or "all"
};

std::string_view ToString(Reachability reachability);  ///< "unknown", "reachable", "slow", "unreachable", "?"
std::string_view ToString(MemoryLevel level);          ///< "target", "prefix", "family", "?"
std::string_view ToString(AttemptStage stage);         ///< "TCP", "TLS", "probe", "?"

}  // namespace flowbroker::client
