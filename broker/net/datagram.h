#pragma once

#include <string_view>

#include "broker/base/ip_address.h"

namespace flowbroker::net {

/// What a user agent has sent. The octets are borrowed, for the duration of the call that tells of them.
struct Datagram {
  Endpoint remote;
  std::string_view octets;
};

}  // namespace flowbroker::net
