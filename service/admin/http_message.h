#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <string_view>

#include "service/admin/status_answer.h"

namespace flowbroker::admin {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

/// Boost's string_view as the standard's, and back.
inline std::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}
inline boost::beast::string_view View(std::string_view text) {
  return {text.data(), text.size()};
}

/// The path of the request, without its query.
std::string_view PathOf(const HttpRequest& request);

/// An answer to `request` with what every answer carries. HEAD gets the length without the body.
HttpResponse Respond(const HttpRequest& request, unsigned http_code, std::string_view type, std::string body);

/// An error as JSON, a google.rpc.Status. `http_code`: where HTTP has a closer word than gRPC.
HttpResponse Respond(const HttpRequest& request, const StatusAnswer& error);
HttpResponse Refuse(const HttpRequest& request, unsigned http_code, const std::string& message);

}  // namespace flowbroker::admin
