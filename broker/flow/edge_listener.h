#pragma once

#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/base/transport.h"

namespace flowbroker::flow {

/// Where user agents come in.
struct EdgeListener {
  Transport transport;
  Endpoint local;  ///< an address of this host, not "any": it is part of every token, and replies leave from it (E5)
  std::string client_group = {};  ///< whose Relay streams receive what comes in here; empty: those of the whole edge

  /// "udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", "tls:[2001:db8::1]:5061".
  std::string ToString() const;
  /// Reads that, with "=GROUP" behind it where it has a client group of its own. The detail of a failure says what is
  /// allowed.
  static Expected<EdgeListener> Parse(std::string_view text);

  friend bool operator==(const EdgeListener&, const EdgeListener&) = default;
};

}  // namespace flowbroker::flow
