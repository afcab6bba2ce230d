#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "broker/base/time.h"
#include "broker/engine/registrar.h"
#include "broker/flow/arrival_rate.h"
#include "broker/flow/datagram_flow_options.h"
#include "broker/flow/edge_listener.h"
#include "broker/flow/owner.h"
#include "broker/flow/source_limits.h"
#include "broker/sip/message_framer.h"

namespace flowbroker::engine {

struct EdgeOptions {
  std::vector<flow::EdgeListener> listeners = {};
  /// Whose the flows of user agents are: the Relay streams of this client group receive their messages, but where the
  /// listener names another.
  flow::Owner owner = {.tenant = {}, .client_group = "edge"};
  flow::Owner OwnerAt(std::uint16_t listener) const {
    const std::string& own = listeners.at(listener).client_group;
    return own.empty() ? owner : flow::Owner{owner.tenant, own};
  }
  /// PEM of no kind: lines "ID HEX40", see net::TokenKeys. Empty: a key for the life of the process.
  std::string token_keys_file = {};
  /// Of RFC 5626 s.5.2. 2 mints tokens that are signed (E3). 1 mints the bare flow id, which is the descriptor and, as
  /// it is unique for ever, says what the creation time is for; who reads one on its way can send to that flow, so it
  /// "MUST NOT be used unless all messages between the Edge proxy and Registrar use a SIPS protected transport" (E2).
  /// Tokens of 2 are good in both cases, those of 1 only where it mints.
  int token_algorithm = 2;
  /// What to answer to a token whose flow is gone: 430 by RFC 5626, 410 by the draft before it (E4).
  int gone_status = 430;
  /// How long a CRLF from a user agent waits for its answer (E7). Zero: CRLF CRLF is answered at once, a single CRLF
  /// not at all (RFC 5626 s.4.4.1). 1 to 3 s: each is answered then, once for all that come meanwhile, as the draft
  /// before it has it (outbound-02 s.7.2), "in case the other end echoes".
  Duration crlf_answer_after = Duration::zero();
  flow::SourceLimitOptions sources = {};
  /// Of user agents on UDP; max_flows is that of all shards together. max_flows of FlowOptions does not count them.
  flow::DatagramFlowOptions datagrams = {};
  /// Of connections: what a TLS handshake each costs has an end, and the phones of an office that keep trying are in
  /// after some seconds.
  flow::ArrivalRateOptions connection_rate = {.per_second = 2'000, .per_second_and_source = 200};
  /// Five times what a million user agents need that are asked every 24 to 29 s, and ten times what 5,000 behind one
  /// NAT do. per_second is shared out among the shards; the other each has.
  flow::ArrivalRateOptions datagram_rate = {.per_second = 200'000, .per_second_and_source = 2'000};
  /// A connection over which no message has come by then, or not the rest of one, is closed. A REGISTER is what a user
  /// agent connects for; two challenges and a slow hand fit into half a minute.
  Duration first_message_timeout = std::chrono::seconds(30);
  /// A connection without a binding over which nothing has come or gone for so long is closed: strangers must not fill
  /// max_connections. As long as a registration commonly lasts, for callers who keep their bindings elsewhere.
  Duration idle_timeout = std::chrono::hours(1);
  /// Of all connections of user agents, in messages of which the rest has not come. Where there are more, those that
  /// hold more than 16 KiB of one and send on are closed.
  std::size_t max_partial_octets = std::size_t{64} * 1024 * 1024;
  /// Of one message of a user agent; theirs are smaller than those of trunks.
  sip::FramerLimits framing = {.max_header_bytes = 32 * 1024, .max_body_bytes = 256 * 1024, .stun = true};
  RegistrarOptions registrar = {};
};

}  // namespace flowbroker::engine
