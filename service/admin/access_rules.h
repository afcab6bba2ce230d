#pragma once

#include <optional>
#include <string>

#include "broker/base/ip_address.h"
#include "service/admin/bearer_token.h"
#include "service/admin/http_message.h"

namespace flowbroker::admin {

/// 127.0.0.0/8 and ::1.
bool IsLoopback(const IpAddress& address);

/// Why a request is turned away before it is looked at any closer.
struct Refusal {
  unsigned http_code;
  std::string message;
};

/// Who may call and drain. Three things are kept out: who lacks the token, who comes over a network where there is no
/// token, and pages in a browser on this host, which can reach loopback too: they send `Origin` (cross-site requests),
/// have a foreign `Host` (DNS rebinding), and cannot send application/json without asking first.
class AccessRules {
 public:
  /// `on_loopback`: only this host can connect.
  explicit AccessRules(bool on_loopback) : on_loopback_(on_loopback) {}

  void SetToken(std::optional<BearerToken> token) { token_ = token; }

  /// Nothing where the request may go on.
  std::optional<Refusal> Check(const HttpRequest& request) const;

 private:
  std::optional<Refusal> CheckToken(const HttpRequest& request) const;

  bool on_loopback_;
  std::optional<BearerToken> token_;
};

}  // namespace flowbroker::admin
