#include "service/config/edge_settings.h"

#include <array>

namespace flowbroker::config {
namespace {

using C = ServiceConfig;

const std::array kSettings = {
    Setting{"edge-listen", "Edge",
            "where user agents come in: udp:ADDRESS:PORT, tcp:ADDRESS:PORT or tls:ADDRESS:PORT with addresses of this "
            "host; "
            "with =GROUP behind it that client group takes the place of edge-client-group there",
            Place<std::vector<flow::EdgeListener>>([](C& c) -> auto& { return c.broker.edge.listeners; })},
    Setting{"edge-client-group", "Edge", "the Relay streams of this client group receive what user agents send",
            Place<std::string>([](C& c) -> auto& { return c.broker.edge.owner.client_group; })},
    Setting{"edge-tenant", "Edge",
            "whose their flows are, by the identity of its certificate; empty: of callers of this host",
            Place<std::string>([](C& c) -> auto& { return c.broker.edge.owner.tenant; })},
    Setting{"edge-token-keys-file", "Edge",
            "keys of flow tokens, a line each: id and 40 hexadecimal digits, the first one mints; empty: a key for the "
            "life of the process",
            Place<std::string>([](C& c) -> auto& { return c.broker.edge.token_keys_file; })},
    Setting{
        "edge-token-algorithm", "Edge",
        "how flow tokens are made (RFC 5626 s.5.2): 2 signs them; 1 does not, and is only for edges whose every way to "
        "the registrar is SIPS",
        Place<int>([](C& c) -> auto& { return c.broker.edge.token_algorithm; })}
        .From("1", "2"),
    Setting{"edge-token-gone-status", "Edge",
            "what VerifyToken says to answer where the flow is gone: 430 by RFC 5626, 410 by the draft before it",
            Place<int>([](C& c) -> auto& { return c.broker.edge.gone_status; })}
        .From("410", "430"),
    Setting{"edge-max-connections", "Edge", "connections that user agents have open, all together",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.sources.max_connections; })}
        .From("1"),
    Setting{"edge-max-connections-per-source", "Edge", "the same from one IPv4 address or one IPv6 /64",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.sources.max_connections_per_source; })}
        .From("1"),
    Setting{"edge-crlf-answer-after", "Edge",
            "0: CRLF CRLF of a user agent is answered at once (RFC 5626); 1s to 3s: each CRLF after so long (the draft "
            "before it)",
            Place<Duration>([](C& c) -> auto& { return c.broker.edge.crlf_answer_after; })}
        .From("0", "3s"),
    Setting{"edge-connections-per-second", "Edge", "connections of user agents that are taken; further ones are closed",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.connection_rate.per_second; })}
        .From("1"),
    Setting{"edge-connections-per-second-per-source", "Edge", "the same from one IPv4 address or one IPv6 /64",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.connection_rate.per_second_and_source; })}
        .From("1"),
    Setting{
        "edge-max-datagram-flows", "Edge",
        "flows of user agents over UDP, about 100 octets each; beyond it the one longest silent without binding goes",
        Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.datagrams.max_flows; })}
        .From("1"),
    Setting{"edge-max-datagram-flows-per-source", "Edge", "the same from one IPv4 address or one IPv6 /64",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.datagrams.max_flows_per_source; })}
        .From("1"),
    Setting{"edge-datagrams-per-second", "Edge", "datagrams of user agents that are read; further ones are dropped",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.datagram_rate.per_second; })}
        .From("1"),
    Setting{"edge-datagrams-per-second-per-source", "Edge",
            "the same from one IPv4 address or one IPv6 /64, in each shard by itself",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.datagram_rate.per_second_and_source; })}
        .From("1"),
    Setting{"edge-datagram-idle", "Edge",
            "a flow over UDP ends after so much silence, or so long after its last binding has expired",
            Place<Duration>([](C& c) -> auto& { return c.broker.edge.datagrams.idle; })}
        .From("1s", "24h"),
    Setting{"edge-keep-alive", "Edge",
            "how user agents with a binding are kept alive over UDP: options, or none where they ping by themselves",
            Place<flow::KeepAliveMethod>([](C& c) -> auto& { return c.broker.edge.datagrams.keep_alive; })},
    Setting{"edge-keep-alive-shortest", "Edge",
            "least time between two of them, or since the user agent has sent anything",
            Place<Duration>([](C& c) -> auto& { return c.broker.edge.datagrams.keep_alive_interval.shortest; })}
        .From("1s", "40s"),
    Setting{"edge-keep-alive-longest", "Edge", "longest time between them",
            Place<Duration>([](C& c) -> auto& { return c.broker.edge.datagrams.keep_alive_interval.longest; })}
        .From("1s", "40s"),
    Setting{"edge-keep-alive-unanswered", "Edge",
            "so many in a row without an answer end a flow whose user agent has ever answered one; 0: none do",
            Place<int>([](C& c) -> auto& { return c.broker.edge.datagrams.max_unanswered; })}
        .From("0", "100"),
    Setting{"edge-first-message-timeout", "Edge",
            "a connection over which no message has come by then, or not the rest of one, is closed",
            Place<Duration>([](C& c) -> auto& { return c.broker.edge.first_message_timeout; })}
        .From("1s", "10m"),
    Setting{"edge-idle-timeout", "Edge",
            "a connection without a binding over which nothing has come or gone for so long is closed",
            Place<Duration>([](C& c) -> auto& { return c.broker.edge.idle_timeout; })}
        .From("1s"),
    Setting{"edge-max-partial-size", "Edge",
            "messages of user agents of which the rest has not come, all together, in octets",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.max_partial_octets; })},
    Setting{"edge-max-header-size", "Edge", "start line and headers of one message of a user agent in octets",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.framing.max_header_bytes; })},
    Setting{"edge-max-body-size", "Edge", "body of one message of a user agent in octets",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.framing.max_body_bytes; })},
    Setting{"max-bindings", "Edge", "bindings kept at once, about 250 octets and their texts each",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.registrar.bindings.max_bindings; })}
        .From("1"),
    Setting{"max-bindings-per-tenant", "Edge", "the same of one tenant",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.registrar.bindings.max_bindings_per_tenant; })}
        .From("1"),
    Setting{"max-bindings-per-aor", "Edge", "the same of one address-of-record",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.registrar.bindings.max_bindings_per_aor; })}
        .From("1"),
    Setting{"max-bindings-per-flow", "Edge", "the same of one flow",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.registrar.bindings.max_bindings_per_flow; })}
        .From("1"),
    Setting{"longest-binding", "Edge", "a binding that is asked for longer ends then",
            Place<Duration>([](C& c) -> auto& { return c.broker.edge.registrar.bindings.longest_expiry; })}
        .From("1s"),
    Setting{"require-outbound", "Edge", "whether registrations without instance-id and reg-id are refused",
            Place<bool>([](C& c) -> auto& { return c.broker.edge.registrar.bindings.require_outbound; })},
    Setting{"kept-binding-events", "Edge", "binding events a WatchBindings can resume from",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.edge.registrar.kept_events; })},
};

}  // namespace

std::span<const Setting> EdgeSettings() {
  return kSettings;
}

}  // namespace flowbroker::config
