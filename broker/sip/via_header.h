#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/base/ip_address.h"
#include "broker/base/transport.h"

namespace flowbroker::sip {

/// The topmost `via-parm` of a Via header field (RFC 3261 s.20.42); views into the field.
struct ViaHeader {
  std::string_view text;    ///< up to the first comma outside quotes, trimmed
  std::string_view branch;  ///< empty when absent (RFC 2543 peers)
};

/// Reads the first `via-parm` of a Via field's value; the others, after a comma, belong to earlier hops. Total: any
/// text gives a result, since whoever owns the transaction judges the Via. One pass, no allocation.
ViaHeader ReadTopVia(std::string_view value);

/// What one `via-parm` says of where its sender is (RFC 3261 s.18.2, RFC 3581); views into it.
struct ViaSender {
  std::optional<Transport> transport;  ///< nothing for those the broker does not speak
  std::string_view host;               ///< of `sent-by`, as written; IPv6 with its brackets
  std::optional<IpAddress> address;    ///< `host`, where it is an address and not a name
  std::optional<std::uint16_t> port;   ///< of `sent-by`; the transport's default where absent
  std::optional<IpAddress> received;   ///< where a server before us saw it come from
  bool wants_rport = false;            ///< `rport` is there, with or without a value
  std::optional<std::uint16_t> rport;  ///< its value
};

/// Reads the text of one `via-parm` (ViaHeader::text). Linear; nothing where it has not the form of one. Values of
/// `received` and `rport` that are none count as absent.
std::optional<ViaSender> ReadViaSender(std::string_view via);

/// Whether a request that came from `source` states another address, so that a NAT is between (N3). A name says nothing
/// about the address. The port counts on UDP only: on connections everybody sends from an ephemeral port and states the
/// one where he listens.
bool StatesOtherAddress(const ViaSender& sender, const Endpoint& source);

}  // namespace flowbroker::sip
