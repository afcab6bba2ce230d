#include "service/admin/admin_answer.h"

#include <array>
#include <string>
#include <utility>

#include "service/admin/json_conversion.h"
#include "service/rpc/status_mapping.h"
#include "service/telemetry/trace_context.h"

namespace flowbroker::admin {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kCalls = "/v1/";
constexpr std::string_view kDrain = "/drain";

struct Page {
  std::string_view path;
  std::string_view route;  // as metrics name it
  std::string_view about;
};

constexpr std::array kPages = {
    Page{"/", "index", "this page"},
    Page{"/healthz", "healthz", "whether the process and its threads live"},
    Page{"/readyz", "readyz", "whether it takes calls"},
    Page{"/metrics", "metrics", "metrics in the text format of Prometheus"},
};

std::string_view RouteOf(std::string_view path) {
  for (const Page& page : kPages) {
    if (page.path == path) return page.route;
  }
  return "other";
}

HttpResponse WrongMethod(const HttpRequest& request, boost::beast::string_view allowed) {
  HttpResponse response = Refuse(request, 405, "only " + std::string(allowed));
  response.set(http::field::allow, allowed);
  return response;
}

std::string MessageOf(AdminLimit limit) {
  if (limit == AdminLimit::kRate) return "too many calls a second; the bound is setting admin-calls-per-second";
  return "too many calls in flight, at most " + std::to_string(kMaxCallsInFlight);
}

/// What the headers say about the call; the body is converted last, since it costs most.
Expected<CallRequest> Convert(const HttpRequest& request, const RpcCall& call) {
  CallRequest wanted{.grpc_method = call.grpc_method, .wire = {}, .timeout = {}};
  if (const auto timeout = request.find("Grpc-Timeout"); timeout != request.end()) {
    const auto parsed = ParseGrpcTimeout(View(timeout->value()));
    if (!parsed) return Unexpected(parsed.error());
    wanted.timeout = *parsed;
  }
  if (const auto trace = telemetry::ReadTraceParent(View(request["traceparent"]))) wanted.trace_parent = trace->header;
  auto wire = WireFromJson(call, request.body());
  if (!wire) return Unexpected(wire.error());
  wanted.wire = *std::move(wire);
  return wanted;
}

}  // namespace

std::variant<HttpResponse, AdmittedCall> AdminAnswers::Answer(const HttpRequest& request, TimePoint now) {
  const std::string_view path = PathOf(request);
  if (path.starts_with(kCalls)) {
    auto answer = AnswerCall(request, path.substr(kCalls.size()), now);
    if (auto* const response = std::get_if<HttpResponse>(&answer)) return Counted("call", std::move(*response));
    return answer;
  }
  if (path == kDrain) return Counted("drain", AnswerDrain(request));
  return Counted(RouteOf(path), AnswerPage(request, path, now));
}

std::variant<HttpResponse, AdmittedCall> AdminAnswers::AnswerCall(const HttpRequest& request, std::string_view name,
                                                                  TimePoint now) {
  if (request.method() != http::verb::post) return WrongMethod(request, "POST");
  if (const auto refusal = access_.Check(request)) return Refuse(request, refusal->http_code, refusal->message);
  const RpcCall* const call = directory_.Find(name);
  if (call == nullptr) return Refuse(request, 404, "no such call; those there are stand at /");
  if (call->streams) {
    return Respond(request, admin::AnswerOf({grpc::StatusCode::UNIMPLEMENTED, "a stream is served over gRPC only"}));
  }
  if (const auto limit = limits_.Reached(now)) {
    handlers_.on_limit(*limit);
    return Refuse(request, 429, MessageOf(*limit));
  }
  auto wanted = Convert(request, *call);
  if (!wanted) return Respond(request, admin::AnswerOf(rpc::ToStatus(wanted.error())));
  return AdmittedCall{.call = call, .request = *std::move(wanted), .lease = limits_.Begin()};
}

HttpResponse AdminAnswers::AnswerOf(const HttpRequest& request, const RpcCall& call, const grpc::Status& status,
                                    std::string_view wire) {
  if (!status.ok()) return Counted("call", Respond(request, admin::AnswerOf(status)));
  auto json = JsonFromWire(call, wire);
  if (!json) return Counted("call", Respond(request, admin::AnswerOf(rpc::ToStatus(json.error()))));
  return Counted("call", Respond(request, 200, "application/json", *std::move(json)));
}

HttpResponse AdminAnswers::Unreadable(unsigned http_code, const std::string& message) {
  HttpRequest request;  // nothing is known of it, but that the connection cannot go on
  request.keep_alive(false);
  return Counted("other", Refuse(request, http_code, message));
}

HttpResponse AdminAnswers::AnswerDrain(const HttpRequest& request) {
  if (request.method() != http::verb::post) return WrongMethod(request, "POST");
  if (const auto refusal = access_.Check(request)) return Refuse(request, refusal->http_code, refusal->message);
  handlers_.drain();
  return Respond(request, 200, "application/json", "{\"draining\":true}");
}

HttpResponse AdminAnswers::AnswerMetrics(const HttpRequest& request, TimePoint now) {
  if (scrapes_.Take(now).pass) return Respond(request, 200, "text/plain; version=0.0.4", handlers_.metrics());
  handlers_.on_limit(AdminLimit::kRate);
  return Refuse(request, 429, "too many scrapes a second");
}

HttpResponse AdminAnswers::AnswerPage(const HttpRequest& request, std::string_view path, TimePoint now) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return WrongMethod(request, "GET, HEAD");
  }
  if (path == "/") return Index(request);
  if (path == "/healthz" && handlers_.alive()) return Respond(request, 200, "text/plain", "ok\n");
  if (path == "/healthz") return Respond(request, 503, "text/plain", "a thread does not answer\n");
  if (path == "/readyz" && handlers_.ready()) return Respond(request, 200, "text/plain", "ready\n");
  if (path == "/readyz") return Respond(request, 503, "text/plain", "not serving\n");
  if (path == "/metrics") return AnswerMetrics(request, now);
  return Refuse(request, 404, "no such page; those there are stand at /");
}

HttpResponse AdminAnswers::Index(const HttpRequest& request) const {
  std::string body = "<!doctype html><title>flowbrokerd</title><h1>flowbrokerd " FLOWBROKER_VERSION "</h1>\n<ul>\n";
  for (const Page& page : kPages) {
    body.append("<li><a href=\"").append(page.path).append("\">").append(page.path).append("</a> ");
    body.append(page.about).append("\n");
  }
  body += "<li>POST /drain: takes no more calls, finishes those there are\n</ul>\n<p>As JSON, each by POST:\n<ul>\n";
  for (const auto& [name, call] : directory_.calls()) {
    if (!call.streams) body.append("<li>").append(kCalls).append(name).append("\n");
  }
  return Respond(request, 200, "text/html; charset=utf-8", body + "</ul>\n");
}

HttpResponse AdminAnswers::Counted(std::string_view route, HttpResponse response) {
  handlers_.on_answer(route, response.result_int());
  return response;
}

}  // namespace flowbroker::admin
