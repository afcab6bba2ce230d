#pragma once

#include <optional>
#include <string_view>

#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"

namespace flowbroker::sip {

/// What a datagram on a SIP port is: STUN by its first octet (E6), a ping where it is nothing but CRLF or empty (RFC
/// 5626 s.4.4 knows no pong on UDP), else a message.
MessageFramer::Kind KindOfDatagram(std::string_view datagram);

/// The message of that head, which the datagram begins with. RFC 3261 s.18.3: octets beyond Content-Length are
/// discarded; nothing for a datagram that lacks some.
std::optional<std::string_view> MessageInDatagram(std::string_view datagram, const MessageHead& head);

}  // namespace flowbroker::sip
