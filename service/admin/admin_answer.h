#pragma once

#include <grpcpp/support/status.h>

#include <string_view>
#include <variant>

#include "broker/base/time.h"
#include "service/admin/access_rules.h"
#include "service/admin/admin_handlers.h"
#include "service/admin/admin_limits.h"
#include "service/admin/call_directory.h"
#include "service/admin/call_request.h"
#include "service/admin/http_message.h"

namespace flowbroker::admin {

/// A request that is a call: what goes to gRPC, and the place among the calls in flight that it holds.
struct AdmittedCall {
  const RpcCall* call;
  CallRequest request;
  CallLimits::Lease lease;
};

/// The whole of what the listener can do, without sockets: a request becomes an answer, or a call whose answer comes
/// later. The admin thread only.
class AdminAnswers {
 public:
  AdminAnswers(AdminHandlers handlers, bool on_loopback) : handlers_(std::move(handlers)), access_(on_loopback) {}

  AccessRules& access() { return access_; }
  CallLimits& limits() { return limits_; }

  std::variant<HttpResponse, AdmittedCall> Answer(const HttpRequest& request, TimePoint now);

  /// What came back from gRPC: JSON in both cases.
  HttpResponse AnswerOf(const HttpRequest& request, const RpcCall& call, const grpc::Status& status,
                        std::string_view wire);

  /// For a request that could not be read to its end.
  HttpResponse Unreadable(unsigned http_code, const std::string& message);

  void CountLimit(AdminLimit limit) { handlers_.on_limit(limit); }

 private:
  std::variant<HttpResponse, AdmittedCall> AnswerCall(const HttpRequest& request, std::string_view name, TimePoint now);
  HttpResponse AnswerDrain(const HttpRequest& request);
  HttpResponse AnswerPage(const HttpRequest& request, std::string_view path, TimePoint now);
  HttpResponse AnswerMetrics(const HttpRequest& request, TimePoint now);
  HttpResponse Index(const HttpRequest& request) const;
  HttpResponse Counted(std::string_view route, HttpResponse response);

  AdminHandlers handlers_;
  AccessRules access_;
  CallLimits limits_;
  CallDirectory directory_;
  // Needs no token and takes milliseconds of the one admin thread, which answers probes too.
  telemetry::RateLimiter scrapes_{50, std::chrono::milliseconds(20)};
};

}  // namespace flowbroker::admin
