#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/base/failure.h"
#include "broker/base/ip_address.h"
#include "broker/net/tls_context.h"

namespace flowbroker::net {

class TlsSession {
 public:
  enum class State { kHandshaking, kEstablished, kClosed, kFailed };
  TlsSession(TlsContext&, std::string, Endpoint) {}
  State Start(std::string&) { return State::kFailed; }
  State Receive(std::string_view, std::string&, std::string&) { return State::kFailed; }
  State Send(std::string_view, std::string&) { return State::kFailed; }
  void Close(std::string&) {}
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  std::optional<Failure> failure_ = Failure{FailureReason::kTlsHandshakeFailed, "TLS is not there yet"};
};

}  // namespace flowbroker::net
