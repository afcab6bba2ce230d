#pragma once

#include <boost/system/error_code.hpp>

#include "broker/base/failure.h"

namespace flowbroker::net {

/// What was done when the error came: a reset means "refused" before the connection is up and "reset" after.
enum class SocketPhase : std::uint8_t {
  kOpening,  ///< made and bound, nothing sent
  kConnecting,
  kConnected,
};

/// The one place where an error of the operating system becomes a reason. EOF is kClosedByPeer.
Failure FailureOf(const boost::system::error_code& error, SocketPhase phase);

}  // namespace flowbroker::net
