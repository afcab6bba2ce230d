#include "broker/net/socket_error.h"

#include <boost/asio/error.hpp>
#include <cerrno>

namespace flowbroker::net {
namespace {

FailureReason ReasonOf(int error, SocketPhase phase) {
  switch (error) {
    case ECONNREFUSED:
      return FailureReason::kRefused;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return phase == SocketPhase::kConnected ? FailureReason::kReset : FailureReason::kRefused;
    case ETIMEDOUT:
      return FailureReason::kTimedOut;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case EACCES:  // ICMP administratively prohibited
    case EPERM:   // a local filter; or binding to an interface without CAP_NET_RAW
      return phase == SocketPhase::kOpening ? FailureReason::kNoLocalAddress : FailureReason::kHostUnreachable;
    case ENETUNREACH:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
      return FailureReason::kNetworkUnreachable;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENODEV:
      return FailureReason::kNoLocalAddress;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return FailureReason::kOutOfDescriptors;
    case EMSGSIZE:
      return FailureReason::kMessageTooLarge;
    default:
      return phase == SocketPhase::kConnected ? FailureReason::kReset : FailureReason::kNetworkUnreachable;
  }
}

}  // namespace

Failure FailureOf(const boost::system::error_code& error, SocketPhase phase) {
  if (error == boost::asio::error::eof) return {FailureReason::kClosedByPeer, ""};
  return {ReasonOf(error.value(), phase), error.message()};
}

}  // namespace flowbroker::net
