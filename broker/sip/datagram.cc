#include "broker/sip/datagram.h"

#include "broker/sip/stun_message.h"

namespace flowbroker::sip {

MessageFramer::Kind KindOfDatagram(std::string_view datagram) {
  using enum MessageFramer::Kind;
  if (!datagram.empty() && IsStun(datagram.front())) return kStun;
  return datagram.find_first_not_of("\r\n") == std::string_view::npos ? kPing : kMessage;
}

std::optional<std::string_view> MessageInDatagram(std::string_view datagram, const MessageHead& head) {
  if (!head.content_length) return datagram;
  if (*head.content_length > datagram.size() - head.header_bytes) return std::nullopt;
  return datagram.substr(0, head.header_bytes + *head.content_length);
}

}  // namespace flowbroker::sip
