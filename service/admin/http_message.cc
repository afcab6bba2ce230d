#include "service/admin/http_message.h"

#include <utility>

namespace flowbroker::admin {
namespace {

namespace http = boost::beast::http;

/// The gRPC code that comes closest, for the body; the opposite way of HttpCodeOf.
grpc::StatusCode CodeNear(unsigned http_code) {
  switch (http_code) {
    case 401:
      return grpc::StatusCode::UNAUTHENTICATED;
    case 403:
      return grpc::StatusCode::PERMISSION_DENIED;
    case 404:
      return grpc::StatusCode::NOT_FOUND;
    case 413:
    case 429:
    case 431:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 405:
      return grpc::StatusCode::UNIMPLEMENTED;
    default:  // 400 and its likes
      return grpc::StatusCode::INVALID_ARGUMENT;
  }
}

}  // namespace

std::string_view PathOf(const HttpRequest& request) {
  const std::string_view target = View(request.target());
  return target.substr(0, target.find('?'));
}

HttpResponse Respond(const HttpRequest& request, unsigned http_code, std::string_view type, std::string body) {
  HttpResponse response;
  response.version(request.version());
  response.result(http_code);
  if (http_code == 499) response.reason("Client Closed Request");  // nginx's code, which google.rpc.Code quotes
  response.set(http::field::content_type, View(type));
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.keep_alive(request.keep_alive());
  const std::size_t size = body.size();
  if (request.method() != http::verb::head) response.body() = std::move(body);
  response.content_length(size);
  return response;
}

HttpResponse Respond(const HttpRequest& request, const StatusAnswer& error) {
  HttpResponse response = Respond(request, error.http_code, "application/json", error.json);
  if (error.http_code == 401) response.set(http::field::www_authenticate, "Bearer realm=\"flowbrokerd\"");
  if (error.retry_after) response.set(http::field::retry_after, std::to_string(error.retry_after->count()));
  return response;
}

HttpResponse Refuse(const HttpRequest& request, unsigned http_code, const std::string& message) {
  StatusAnswer answer = AnswerOf(grpc::Status(CodeNear(http_code), message));
  answer.http_code = http_code;
  if (http_code == 429) answer.retry_after = std::chrono::seconds(1);
  return Respond(request, answer);
}

}  // namespace flowbroker::admin
