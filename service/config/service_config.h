#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/time.h"
#include "broker/engine/broker_options.h"

namespace flowbroker::config {

/// How much the process says on stderr; each level includes those above it.
enum class LogLevel : std::uint8_t {
  kError,  ///< what stops the service
  kWarn,   ///< what an operator should look at: failed Acquires
  kInfo,   ///< start, stop, slow Acquires
};

std::string_view ToString(LogLevel level);

/// Everything one can set about the process. Parsed once, immutable afterwards. The defaults below are those of
/// `flowbrokerd` without arguments.
struct ServiceConfig {
  engine::BrokerOptions broker;

  /// "unix:/path" or "host:port"; empty: DefaultListen().
  std::vector<std::string> listen;
  /// Address of the admin HTTP listener; "off" for none. No authentication there, hence loopback.
  std::string admin = "127.0.0.1:7461";
  LogLevel log_level = LogLevel::kInfo;
  /// Acquires that took longer are logged with their trace; a race with one lost packet takes a second.
  Duration log_slower_than = std::chrono::seconds(1);

  std::size_t completion_queues = 0;  ///< threads that serve gRPC; 0: one per two cores
  /// Stands in for an absent deadline and bounds a longer one: Timer B of RFC 3261, after which a SIP client gave up.
  Duration max_deadline = std::chrono::seconds(32);
  Duration drain_timeout = std::chrono::seconds(5);  ///< calls still running so long after SIGTERM are cancelled
  std::size_t relay_queue_bytes =
      std::size_t{1024} * 1024;             ///< per Relay stream, messages its reader has not taken yet
  std::size_t relay_queue_messages = 4096;  ///< per Relay stream
  /// Where memory is kept over a restart; empty: it is not kept. No default: two daemons must not share a file.
  std::string history_file = {};
  Duration history_save_interval = std::chrono::minutes(1);  ///< a crash loses what was learned since the last time
  std::size_t watch_queue_events = 10'000;  ///< per watching stream; a slower watcher is ended
};

/// Where `flowbrokerd` listens unless told: a Unix socket, and 127.0.0.1:7460. The socket is
/// /run/flowbroker/flowbroker.sock where that can be written, else in $XDG_RUNTIME_DIR/flowbroker, else in
/// /tmp/flowbroker-<uid>. Makes no directory.
std::vector<std::string> DefaultListen();

}  // namespace flowbroker::config
