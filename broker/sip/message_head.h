#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/base/expected.h"

namespace flowbroker::sip {

/// The few header fields the broker itself reads in a message; views into the message. Header names are recognised in
/// full and compact form and any case, folded lines are unfolded by taking the value up to the last continuation line.
struct MessageHead {
  bool is_request = false;
  std::uint16_t status_code = 0;              ///< responses only: 100..699
  std::string_view method;                    ///< requests: from the start line; responses: from CSeq
  std::string_view request_uri;               ///< requests only
  std::string_view call_id;                   ///< never empty
  std::string_view top_via;                   ///< value of the topmost Via field up to its first comma outside quotes
  std::string_view top_via_branch;            ///< `branch` of the topmost Via; empty when absent (RFC 2543 peers)
  std::size_t header_bytes = 0;               ///< start line and headers, including the empty line
  std::optional<std::size_t> content_length;  ///< absent where the message has none
};

/// Reads the head of one complete message. Fails with kMalformedMessage for bytes that are not SIP/2.0, that lack Via,
/// Call-ID or CSeq, or whose header lines cannot be told apart.
Expected<MessageHead> ReadMessageHead(std::string_view message);

}  // namespace flowbroker::sip
