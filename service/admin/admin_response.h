#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "service/admin/admin_server.h"

namespace flowbroker::admin {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

/// The answer to one request; the whole of what the listener can do.
HttpResponse Answer(const HttpRequest& request, const AdminPages& pages);

}  // namespace flowbroker::admin
