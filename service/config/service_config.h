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
  /// Of Unix sockets, octal. Who may write to one is an operator; a group must be let in on purpose.
  std::string listen_mode = "0600";
  /// gRPC over TCP: our certificate chain, its key and the authorities of our callers, PEM. All three or none.
  std::string grpc_certificate_file = {};
  std::string grpc_private_key_file = {};
  std::string grpc_client_ca_file = {};
  bool grpc_plaintext = false;  ///< gRPC over TCP without TLS, for whoever reaches the port
  /// With TLS, how old a connection gets before its caller must make another, and how long what still runs on it may
  /// take. Until then whoever has connected stays who he was, whatever happens to his certificate or its authority, and
  /// answers he does not read stay his. A stream that is cut takes its exclusive flows along: the grace is long.
  Duration grpc_connection_age = std::chrono::minutes(30);  ///< 0: never
  Duration grpc_connection_age_grace = std::chrono::minutes(30);
  /// Over TCP, silence after which a caller is asked whether it is still there, so that what it held is freed though no
  /// FIN came; 0: never. As often as middleboxes want it, which forget after a few minutes.
  Duration grpc_keepalive_interval = std::chrono::minutes(1);
  /// How often the files of certificates, on both sides, are looked at; 0: only on SIGHUP. Kubernetes needs a minute.
  Duration certificate_check_interval = std::chrono::seconds(30);

  /// Identities (SPIFFE id or DNS name of the certificate) that may see and do everything.
  std::vector<std::string> operators = {};
  std::size_t tenant_calls_per_second = 0;      ///< of one tenant, as many at once; 0: no limit
  std::size_t tenant_calls_in_flight = 50'000;  ///< of one tenant; half of max_requests. 0: no limit
  std::size_t tenant_streams = 256;             ///< Relay and Watch calls of one tenant open at once; 0: no limit
  std::size_t max_tenants = 10'000;  ///< with calls or streams at once; the callers of further ones are refused

  /// Address of the admin HTTP listener; "off" for none. Loopback unless there is a token.
  std::string admin = "127.0.0.1:7461";
  std::string admin_token_file = {};           ///< first line: bearer token for /v1 and /drain; empty: none asked for
  std::size_t admin_calls_per_second = 1'000;  ///< JSON calls; 0: no limit
  std::size_t metrics_prefixes = 50;           ///< series of family preference; the prefixes beyond them share one
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
  /// Where flow sets are kept over a restart; empty: they are not. No default, as above.
  std::string flow_set_state_file = {};
  std::size_t watch_queue_events = 10'000;  ///< per watching stream; a slower watcher is ended
};

/// Where `flowbrokerd` listens unless told: a Unix socket, and 127.0.0.1:7460 where TLS or plaintext is on. The socket
/// is /run/flowbroker/flowbroker.sock where that can be written, else in $XDG_RUNTIME_DIR/flowbroker, else in
/// /tmp/flowbroker-<uid>. Makes no directory.
std::vector<std::string> DefaultListen(const ServiceConfig& config);

}  // namespace flowbroker::config
