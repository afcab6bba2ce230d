#pragma once

#include <boost/system/error_code.hpp>

#include "broker/base/failure.h"

namespace flowbroker::net {

/// Whether the socket had been connected when the error came: a reset means "refused" before and "reset" after.
enum class SocketPhase : std::uint8_t {
  kConnecting,
  kConnected,
};

/// The one place where an error of the operating system becomes a reason. EOF is kClosedByPeer.
Failure FailureOf(const boost::system::error_code& error, SocketPhase phase);

}  // namespace flowbroker::net
