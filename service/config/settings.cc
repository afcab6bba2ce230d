#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "service/config/edge_settings.h"
#include "service/config/outbound_settings.h"
#include "service/config/setting.h"

namespace flowbroker::config {
namespace {

using C = ServiceConfig;

const std::array kSettings = {
    Setting{"listen", "Process", "where gRPC is served, unix:/path or host:port",
            Place<std::vector<std::string>>([](C& c) -> auto& { return c.listen; })},
    Setting{"listen-mode", "Process",
            "file mode of Unix sockets, octal: 0660 lets the group in; who gets in is an operator",
            Place<std::string>([](C& c) -> auto& { return c.listen_mode; })},
    Setting{"grpc-certificate-file", "Process", "certificate chain for gRPC over TCP, PEM; empty: no TLS",
            Place<std::string>([](C& c) -> auto& { return c.grpc_certificate_file; })},
    Setting{"grpc-private-key-file", "Process", "its key, PEM",
            Place<std::string>([](C& c) -> auto& { return c.grpc_private_key_file; })},
    Setting{"grpc-client-ca-file", "Process",
            "authorities of the callers' certificates, PEM; each may vouch for any name, also for an operator's",
            Place<std::string>([](C& c) -> auto& { return c.grpc_client_ca_file; })},
    Setting{"grpc-plaintext", "Process",
            "gRPC over TCP without TLS: whoever reaches the port may use everything, also what is on the host",
            Place<bool>([](C& c) -> auto& { return c.grpc_plaintext; })},
    Setting{"grpc-connection-age", "Process",
            "with TLS: callers must connect anew after so long, give or take a tenth, so that a new authority or a "
            "certificate that has run out counts; 0: never",
            Place<Duration>([](C& c) -> auto& { return c.grpc_connection_age; })}
        .From("0", "24h"),
    Setting{"grpc-connection-age-grace", "Process",
            "calls and streams still on the old connection so long after that end with UNAVAILABLE",
            Place<Duration>([](C& c) -> auto& { return c.grpc_connection_age_grace; })}
        .From("0", "24h"),
    Setting{"grpc-keepalive-interval", "Process",
            "over TCP: silence after which a caller is asked whether it is there; without an answer in 20 s it is cut "
            "off; 0: never",
            Place<Duration>([](C& c) -> auto& { return c.grpc_keepalive_interval; })}
        .From("0", "24h"),
    Setting{"certificate-check-interval", "Process",
            "how often the files of certificates and of token keys are looked at for new ones; 0: only on SIGHUP",
            Place<Duration>([](C& c) -> auto& { return c.certificate_check_interval; })}
        .From("0", "24h")
        .Live(),
    Setting{"admin", "Process", "address of the admin HTTP listener, or off",
            Place<std::string>([](C& c) -> auto& { return c.admin; })},
    Setting{
        "admin-token-file", "Process",
        "file whose first line is the bearer token for /v1 and /drain; without it these are served on loopback only",
        Place<std::string>([](C& c) -> auto& { return c.admin_token_file; })}
        .Live(),
    Setting{"admin-calls-per-second", "Process", "calls as JSON over HTTP; further ones get 429; 0: no limit",
            Place<std::size_t>([](C& c) -> auto& { return c.admin_calls_per_second; })}
        .Live(),
    Setting{"metrics-prefixes", "Process",
            "prefixes whose family preference has series of its own, those with most traffic",
            Place<std::size_t>([](C& c) -> auto& { return c.metrics_prefixes; })}
        .From("", "1000"),
    Setting{"log-level", "Process", "error, warn or info", Place<LogLevel>([](C& c) -> auto& { return c.log_level; })}
        .Live(),
    Setting{"log-slower-than", "Process", "Acquires that took longer are logged with their trace",
            Place<Duration>([](C& c) -> auto& { return c.log_slower_than; })}
        .Live(),
    Setting{"completion-queues", "Process", "threads that serve gRPC; 0: one per two cores",
            Place<std::size_t>([](C& c) -> auto& { return c.completion_queues; })}
        .From("", "256"),
    Setting{"max-deadline", "Process", "stands in for an absent deadline of a call and bounds a longer one",
            Place<Duration>([](C& c) -> auto& { return c.max_deadline; })}
        .From("1ms", "1h")
        .Live(),
    Setting{"drain-timeout", "Process", "calls still running so long after SIGTERM are cancelled",
            Place<Duration>([](C& c) -> auto& { return c.drain_timeout; })}
        .From("0", "1h")
        .Live(),
    Setting{"relay-queue-bytes", "Process", "octets a Relay stream holds for its reader before flows are held back",
            Place<std::size_t>([](C& c) -> auto& { return c.relay_queue_bytes; })}
        .From("1K", "1G"),
    Setting{"relay-queue-messages", "Process",
            "messages a Relay stream holds for its reader before flows are held back",
            Place<std::size_t>([](C& c) -> auto& { return c.relay_queue_messages; })}
        .From("1", "1M"),
    Setting{"watch-queue-events", "Process",
            "events a WatchFlows or WatchPreferences stream holds for its reader before it is ended",
            Place<std::size_t>([](C& c) -> auto& { return c.watch_queue_events; })}
        .From("1", "1M"),
    Setting{"operators", "Tenants",
            "identities (SPIFFE id or DNS name of a certificate) that may see and do everything",
            Place<std::vector<std::string>>([](C& c) -> auto& { return c.operators; })}
        .Live(),
    Setting{"tenant-calls-per-second", "Tenants",
            "calls of one tenant; further ones get RESOURCE_EXHAUSTED; 0: no limit",
            Place<std::size_t>([](C& c) -> auto& { return c.tenant_calls_per_second; })}
        .Live(),
    Setting{"tenant-calls-in-flight", "Tenants", "calls of one tenant that wait for their answer; 0: no limit",
            Place<std::size_t>([](C& c) -> auto& { return c.tenant_calls_in_flight; })}
        .Live(),
    Setting{"tenant-streams", "Tenants", "Relay and Watch streams of one tenant; 0: no limit",
            Place<std::size_t>([](C& c) -> auto& { return c.tenant_streams; })}
        .Live(),
    Setting{"tenant-flows", "Tenants", "flows of one tenant open at once; 0: no limit",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.live.max_flows_per_tenant; })}
        .Live(),
    Setting{"tenant-share", "Tenants",
            "percent that one tenant may take of what all share: requests, attempts, re-probes and DNS questions in "
            "flight, "
            "also those that nobody waits for any longer; messages on their way to sockets; races and request ids "
            "remembered",
            Place<int>([](C& c) -> auto& { return c.broker.tenant_share; })}
        .From("1", "100"),
    Setting{"tenant-waiting-bytes", "Tenants",
            "octets per shard that wait to leave on all flows of one tenant; as many of messages held for its groups",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.waiting_octets_per_tenant; })}
        .From("1"),
    Setting{"max-tenants", "Tenants", "tenants with calls or streams at once; callers of further ones are refused",
            Place<std::size_t>([](C& c) -> auto& { return c.max_tenants; })}
        .From("1", "1M")
        .Live(),
    Setting{
        "egress-deny", "Egress policy",
        "never connected to: 10.0.0.0/8, 192.0.2.1:5060, [2001:db8::/32]:5060-5080; name the host's own addresses here "
        "where it serves what callers must not reach",
        Place<std::vector<location::EgressRule>>([](C& c) -> auto& { return c.broker.live.egress.deny; })}
        .Live(),
    Setting{"egress-allow", "Egress policy",
            "may be connected to, unless egress-deny names it: also loopback, link-local, multicast and metadata "
            "addresses, which are denied otherwise",
            Place<std::vector<location::EgressRule>>([](C& c) -> auto& { return c.broker.live.egress.allow; })}
        .Live(),
    Setting{"egress-only-allowed", "Egress policy", "nothing may be connected to that egress-allow does not name",
            Place<bool>([](C& c) -> auto& { return c.broker.live.egress.only_allowed; })}
        .Live(),
    Setting{"shards", "Broker", "threads that own flows; 0: one per core",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.shards; })}
        .From("", "256"),
    Setting{"max-requests", "Broker", "Acquires in flight; further ones get RESOURCE_EXHAUSTED",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.max_requests; })}
        .From("1"),
    Setting{"max-attempts", "Broker", "connection attempts in flight, all races together; further ones wait",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.max_attempts; })}
        .From("1"),
    Setting{"max-reprobes", "Broker", "background attempts on held targets in flight; further ones wait for a request",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.max_reprobes; })},
    Setting{"dns-servers", "DNS", "servers to ask, 127.0.0.1:5300,[::1]:53; empty: those of /etc/resolv.conf",
            Place<std::vector<Endpoint>>([](C& c) -> auto& { return c.broker.dns.servers; })},
    Setting{"dns-timeout", "DNS", "of the first try per server",
            Place<Duration>([](C& c) -> auto& { return c.broker.dns.timeout; })}
        .From("10ms", "1m"),
    Setting{"dns-tries", "DNS", "tries per server", Place<int>([](C& c) -> auto& { return c.broker.dns.tries; })}.From(
        "1", "10"),
    Setting{"dns-max-in-flight", "DNS", "questions in flight per shard; more overflow a local resolver",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.dns.max_in_flight; })}
        .From("1"),
    Setting{"dns-cache-entries", "DNS", "answers remembered, about 500 octets each",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.dns.cache.max_entries; })},
    Setting{"dns-max-ttl", "DNS", "no answer is believed longer",
            Place<Duration>([](C& c) -> auto& { return c.broker.dns.cache.max_ttl; })},
    Setting{"dns-max-negative-ttl", "DNS", "no negative answer is believed longer",
            Place<Duration>([](C& c) -> auto& { return c.broker.dns.cache.max_negative_ttl; })},
    Setting{"dns-max-stale", "DNS", "how long past its TTL an answer serves while DNS is down; 0: not at all",
            Place<Duration>([](C& c) -> auto& { return c.broker.dns.cache.max_stale; })},
    Setting{"max-dns-questions", "Location (RFC 3263)", "DNS questions one URI may cost",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.location.max_questions; })},
    Setting{"max-hosts", "Location (RFC 3263)", "SRV targets looked up per URI",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.location.max_hosts; })},
    Setting{"max-naptr-steps", "Location (RFC 3263)", "non-terminal NAPTR steps followed",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.location.max_naptr_steps; })},
    Setting{"max-addresses-per-host", "Location (RFC 3263)", "addresses taken per host name and family",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.location.max_addresses_per_host; })},
    Setting{"transport-preference", "Location (RFC 3263)", "order of transports where DNS expresses none",
            Place<std::vector<Transport>>([](C& c) -> auto& { return c.broker.location.transport_preference; })},
    Setting{"racing", "Racing", "off: targets are tried one after another, the next only after a failure",
            Place<bool>([](C& c) -> auto& { return c.broker.racing.parallel; })},
    Setting{"attempt-delay", "Racing", "head start of an attempt whose duration cannot be estimated",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.delay.without_estimate; })},
    Setting{"attempt-delay-min-target", "Racing", "shortest head start where the target itself was measured",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.delay.min_own_samples; })},
    Setting{"attempt-delay-min-prefix", "Racing", "shortest head start where only its prefix was measured",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.delay.min_prefix_samples; })},
    Setting{"attempt-delay-max", "Racing", "longest head start while reachability is uncertain",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.delay.max_uncertain; })},
    Setting{"attempt-delay-max-trusted", "Racing", "longest head start where the target is known to answer",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.delay.max_trusted; })},
    Setting{"resolution-delay", "Racing", "how long A waits for AAAA, or the other way round",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.resolution_delay; })},
    Setting{"attempt-spacing", "Racing", "least time between two attempts, also after a failure",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.min_spacing; })},
    Setting{"connect-timeout", "Racing", "an attempt silent for so long has failed",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.connect_timeout; })}
        .From("1ms", "10m"),
    Setting{"tls-timeout", "Racing", "a TLS handshake may take so long",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.tls_timeout; })}
        .From("1ms", "10m"),
    Setting{"probe-timeout", "Racing",
            "a UDP path or an existing flow that leaves a probe unanswered so long has failed",
            Place<Duration>([](C& c) -> auto& { return c.broker.racing.probe_timeout; })}
        .From("1ms", "10m"),
    Setting{"max-parallel-attempts", "Racing", "attempts of one race in flight at once",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.racing.max_parallel; })}
        .From("1"),
    Setting{"history-targets", "Memory of reachability", "targets remembered",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.history.max_targets; })}
        .From("1", "1G"),
    Setting{"history-prefixes", "Memory of reachability", "prefixes remembered",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.history.max_prefixes; })}
        .From("1", "1G"),
    Setting{"history-ipv4-prefix", "Memory of reachability", "length of an IPv4 prefix in bits",
            Place<int>([](C& c) -> auto& { return c.broker.history.ipv4_prefix_bits; })}
        .From("0", "32"),
    Setting{"history-ipv6-prefix", "Memory of reachability", "length of an IPv6 prefix in bits",
            Place<int>([](C& c) -> auto& { return c.broker.history.ipv6_prefix_bits; })}
        .From("0", "128"),
    Setting{"history-half-life", "Memory of reachability", "evidence loses half its weight in this time",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.half_life; })}
        .From("1s", "8760h"),
    Setting{"history-lifetime", "Memory of reachability", "without new evidence nothing is known any more after this",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.lifetime; })}
        .From("1s", "8760h"),
    Setting{"history-max-hold", "Memory of reachability", "a silent target gets its head start again after this",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.max_hold; })}
        .From("1s", "10m"),
    Setting{"history-quick-hold", "Memory of reachability", "the same for a target that refuses",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.quick_hold; })}
        .From("1s", "10m"),
    Setting{"history-least-slow", "Memory of reachability",
            "a held target that answers within this is not slow, whatever overtook it",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.least_slow; })}
        .From("1ms", "10s"),
    Setting{"history-max-unavailable", "Memory of reachability",
            "the longest Retry-After of a reported 503 that is believed",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.max_unavailable; })}
        .From("1s", "24h"),
    Setting{"history-first-reprobe", "Memory of reachability",
            "a held target is retried in the background after this, then after twice as long each time",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.first_reprobe; })}
        .From("100ms", "10m"),
    Setting{"history-longest-reprobe", "Memory of reachability", "the longest time between two such retries",
            Place<Duration>([](C& c) -> auto& { return c.broker.history.longest_reprobe; })}
        .From("100ms", "10m"),
    Setting{"history-file", "Memory of reachability",
            "memory is kept here over a restart; its directory must be writable; empty: it is not kept",
            Place<std::string>([](C& c) -> auto& { return c.history_file; })},
    Setting{"history-save-interval", "Memory of reachability", "how often that file is written, also at the end",
            Place<Duration>([](C& c) -> auto& { return c.history_save_interval; })}
        .From("100ms", "24h"),
    Setting{"kept-races", "Memory of reachability", "traces of races that ListRaces shows, about 4 KB each; 0: none",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.kept_races; })},
    Setting{"kept-preference-events", "Memory of reachability", "preference events a WatchPreferences can resume from",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.kept_preference_events; })},
    Setting{"t1-below-500ms", "Memory of reachability",
            "whether T1 advice may go below the standard's 500 ms for near targets",
            Place<bool>([](C& c) -> auto& { return c.broker.timers.below_500ms; })},
    Setting{"tls-ca-file", "TLS towards SIP peers", "PEM bundle of trusted authorities; empty: the system's",
            Place<std::string>([](C& c) -> auto& { return c.broker.tls.ca_file; })},
    Setting{"tls-certificate-file", "TLS towards SIP peers", "own certificate chain, PEM; empty: none",
            Place<std::string>([](C& c) -> auto& { return c.broker.tls.certificate_file; })},
    Setting{"tls-private-key-file", "TLS towards SIP peers", "its key, PEM",
            Place<std::string>([](C& c) -> auto& { return c.broker.tls.private_key_file; })},
    Setting{"flow-idle-timeout", "Flows", "a flow unused for so long is closed",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.idle_timeout; })},
    Setting{"flow-fresh-for", "Flows",
            "evidence younger than this proves a flow alive; without it the flow is probed first",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.fresh_for; })},
    Setting{"keep-alive-streams", "Flows",
            "how an idle flow over TCP or TLS is asked whether it lives: crlf, options or none",
            Place<flow::KeepAliveMethod>([](C& c) -> auto& { return c.broker.flows.keep_alive.streams; })},
    Setting{"keep-alive-datagrams", "Flows",
            "the same over UDP: options, stun (only where all peers understand it) or none",
            Place<flow::KeepAliveMethod>([](C& c) -> auto& { return c.broker.flows.keep_alive.datagrams; })},
    Setting{"keep-alive-stream-shortest", "Flows",
            "least time between two keep-alives over TCP or TLS; drawn at random",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.keep_alive.stream_interval.shortest; })}
        .From("1s", "1h"),
    Setting{"keep-alive-stream-longest", "Flows", "longest time between them",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.keep_alive.stream_interval.longest; })}
        .From("1s", "1h"),
    Setting{"keep-alive-datagram-shortest", "Flows", "least time between two keep-alives over UDP; drawn at random",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.keep_alive.datagram_interval.shortest; })}
        .From("1s", "1h"),
    Setting{"keep-alive-datagram-longest", "Flows", "longest time between them",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.keep_alive.datagram_interval.longest; })}
        .From("1s", "1h"),
    Setting{"keep-alive-answer-timeout", "Flows", "a keep-alive unanswered for so long ends the flow",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.keep_alive.answer_time_limit; })}
        .From("1s", "1m"),
    Setting{"keep-alive-answer-required", "Flows",
            "whether it does so too where the peer has never answered one on that flow",
            Place<bool>([](C& c) -> auto& { return c.broker.flows.keep_alive.answer_required; })},
    Setting{"max-flows", "Flows", "flows open at once; further ones get RESOURCE_EXHAUSTED",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.max_flows; })}
        .From("1"),
    Setting{"max-flows-per-target", "Flows", "flows open to one address, port and transport, per shard",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.max_flows_per_target; })}
        .From("1"),
    Setting{"handoff-socket", "Flows",
            "Unix socket on which callers of this host exchange the ticket of an Acquire with handoff for the flow's "
            "descriptor; empty: no handoff",
            Place<std::string>([](C& c) -> auto& { return c.broker.handoff.socket; })},
    Setting{"handoff-uids", "Flows",
            "numbers of the users who may do so besides root and the daemon's own; with any the socket's mode is 0666, "
            "and the kernel says who asks",
            Place<std::vector<std::uint32_t>>([](C& c) -> auto& { return c.broker.handoff.uids; })},
    Setting{"handoff-ticket-life", "Flows", "a flow whose ticket was not presented after so long is closed",
            Place<Duration>([](C& c) -> auto& { return c.broker.handoff.ticket_life; })}
        .From("100ms", "1m"),
    Setting{"tls-reuse", "Flows",
            "a TLS flow also serves other host names at the same address that its peer's verified certificate carries",
            Place<bool>([](C& c) -> auto& { return c.broker.flows.tls_reuse; })},
    Setting{"flow-send-queue", "Flows", "octets waiting to leave on one flow; beyond it messages are refused",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.send_queue_bytes; })},
    Setting{"handover-bytes", "Flows", "octets on their way to one shard's sockets; beyond it messages are refused",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.handover_octets; })},
    Setting{"held-messages", "Flows", "inbound messages kept for a client group without a Relay stream",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.held_messages_per_group; })},
    Setting{"held-bytes", "Flows", "the same in octets; and as many of messages that wait for a stream with room",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.held_octets_per_group; })},
    Setting{"held-for", "Flows", "how long such messages are kept",
            Place<Duration>([](C& c) -> auto& { return c.broker.flows.held_for; })},
    Setting{"kept-events", "Flows", "flow events a WatchFlows can resume from",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.kept_events; })},
    Setting{"max-pending-transactions", "Flows", "Via branches remembered per shard to route replies",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.flows.max_pending_transactions; })},
    Setting{"max-header-size", "SIP framing", "start line and headers of one message in octets",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.framing.max_header_bytes; })},
    Setting{"max-body-size", "SIP framing", "body of one message in octets",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.framing.max_body_bytes; })},
};

}  // namespace

std::span<const Setting> Settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> together(kSettings.begin(), kSettings.end());
    std::ranges::copy(EdgeSettings(), std::back_inserter(together));
    std::ranges::copy(OutboundSettings(), std::back_inserter(together));
    return together;
  }();
  return all;
}

}  // namespace flowbroker::config
