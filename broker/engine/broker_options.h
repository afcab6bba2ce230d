#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/dns/dns_cache.h"
#include "broker/engine/edge_options.h"
#include "broker/engine/outbound_options.h"
#include "broker/flow/keep_alive.h"
#include "broker/history/reachability_history.h"
#include "broker/history/timer_advice.h"
#include "broker/location/egress_policy.h"
#include "broker/location/server_locator.h"
#include "broker/racing/race.h"
#include "broker/sip/message_framer.h"

namespace flowbroker::engine {

struct DnsOptions {
  std::vector<Endpoint> servers = {};  ///< empty: those of /etc/resolv.conf
  Duration timeout =
      std::chrono::milliseconds(1000);  ///< of the first try per server; resolvers answer in < 1 s or never
  int tries = 3;                        ///< per server
  std::size_t max_in_flight = 150;      ///< per shard; above ~190 a local resolver's receive buffer overflows
  dns::DnsCacheOptions cache;
};

struct TlsOptions {
  std::string ca_file = {};           ///< PEM bundle; empty: the system's
  std::string certificate_file = {};  ///< client certificate chain, PEM; empty: none
  std::string private_key_file = {};  ///< PEM; required with certificate_file
};

struct FlowOptions {
  Duration idle_timeout = std::chrono::minutes(5);  ///< unused for so long: closed
  /// Evidence younger than this proves a flow alive; an older one is probed before a time-sensitive request (H12, S8).
  /// Half a minute is the lifetime of the shortest common NAT binding.
  Duration fresh_for = std::chrono::seconds(30);
  flow::KeepAliveOptions keep_alive;
  std::size_t max_flows = 100'000;
  std::size_t max_flows_per_target = 64;  ///< of each tenant, counted in each shard by itself
  /// A TLS flow serves every name in its peer's verified certificate (O3). To be switched off where a peer hosts
  /// domains that must not share a connection although one certificate names them all.
  bool tls_reuse = true;
  std::size_t send_queue_bytes = std::size_t{1024} * 1024;  ///< per flow; beyond it messages are refused
  std::size_t handover_octets =
      std::size_t{64} * 1024 * 1024;           ///< per shard: messages on the way to its sockets; beyond it refused
  std::size_t held_messages_per_group = 1024;  ///< inbound messages kept while no stream of the group is attached
  /// The same in octets, and as many of those that wait for a stream with room.
  std::size_t held_octets_per_group = std::size_t{16} * 1024 * 1024;
  /// Per shard: what waits in the sockets of one tenant's flows, beyond it messages are refused; and, apart from that,
  /// what is held for its client groups, however many. The operator is not limited by it.
  std::size_t waiting_octets_per_tenant = std::size_t{64} * 1024 * 1024;
  Duration held_for = std::chrono::seconds(5);     ///< then dropped, with a counter and an event
  std::size_t kept_events = 10'000;                ///< flow events a WatchFlows can resume from
  std::size_t max_pending_transactions = 100'000;  ///< Via branches remembered per shard to route replies
};

/// Handing a flow's descriptor to a caller of this host.
struct HandoffOptions {
  std::string socket = {};               ///< path of the Unix socket for it; empty: no handoff
  std::vector<std::uint32_t> uids = {};  ///< users that may present tickets, besides our own and root
  /// Between the answer to an Acquire and the ticket's arrival lie two calls on one host: milliseconds. A flow that
  /// waits is not read, so that the shorter the better.
  Duration ticket_life = std::chrono::seconds(5);
  std::size_t max_connections = 64;               ///< on that socket at once; each lives for a few system calls
  Duration time_limit = std::chrono::seconds(2);  ///< of each
};

/// What can be changed while the broker runs; see ConnectionBroker::Apply.
struct LiveOptions {
  location::EgressPolicy egress;
  /// Flows of one tenant open at once, in all shards; 0: no limit. Half of max_flows: nobody starves the others.
  /// Callers of this host, who have no name, are not limited by it.
  std::size_t max_flows_per_tenant = 50'000;
};

/// Everything one can set about a broker. Immutable once it runs, but for `live`.
struct BrokerOptions {
  std::size_t shards = 0;  ///< 0: one per core
  DnsOptions dns;
  location::LocatorOptions location;
  racing::RaceOptions racing;
  std::size_t max_attempts = 2'000;    ///< connection attempts in flight, all races together; further ones wait
  std::size_t max_requests = 100'000;  ///< Acquires in flight; further ones get kLimitReached
  std::size_t max_reprobes = 256;      ///< background attempts in flight; further ones are left to the next request
  /// What one tenant may take of the room that all share, in percent, so that others always find some: of max_requests,
  /// max_attempts, max_reprobes, DNS questions and handover_octets; kept_races and remembered request ids it may fill
  /// beyond that while nobody else needs them. The operator may take everything.
  int tenant_share = 50;
  history::HistoryOptions history;
  /// Preference events a WatchPreferences can resume from, about 200 octets each.
  std::size_t kept_preference_events = 10'000;
  std::size_t kept_races = 1'000;  ///< traces that ListRaces shows, about 4 KB each; 0: none
  history::TimerAdviceOptions timers;
  TlsOptions tls;
  FlowOptions flows;
  sip::FramerLimits framing;
  EdgeOptions edge;
  OutboundOptions outbound;
  HandoffOptions handoff;
  LiveOptions live;
};

}  // namespace flowbroker::engine
