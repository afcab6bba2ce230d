#include "service/admin/admin_response.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace flowbroker::admin {
namespace {

namespace http = boost::beast::http;

struct Content {
  http::status status;
  std::string_view type;
  std::string body;
};

struct Page {
  std::string_view path;
  std::string_view about;
  Content (*make)(const AdminPages&);
};

Content Index(const AdminPages& pages);

Content Health(const AdminPages& /*pages*/) {
  return {http::status::ok, "text/plain", "ok\n"};
}

Content Ready(const AdminPages& pages) {
  if (pages.ready()) return {http::status::ok, "text/plain", "ready\n"};
  return {http::status::service_unavailable, "text/plain", "not serving\n"};
}

Content Metrics(const AdminPages& pages) {
  return {http::status::ok, "text/plain; version=0.0.4", pages.metrics()};
}

constexpr std::array kPages = {
    Page{"/", "this page", Index},
    Page{"/healthz", "whether the process lives", Health},
    Page{"/readyz", "whether it takes calls", Ready},
    Page{"/metrics", "metrics in the text format of Prometheus", Metrics},
};

Content Index(const AdminPages& /*pages*/) {
  std::string body = "<!doctype html><title>flowbrokerd</title><h1>flowbrokerd</h1><ul>\n";
  for (const Page& page : kPages) {
    body.append("<li><a href=\"").append(page.path).append("\">").append(page.path).append("</a> ");
    body.append(page.about).append("\n");
  }
  return {http::status::ok, "text/html; charset=utf-8", body + "</ul>\n"};
}

Content ContentFor(const HttpRequest& request, const AdminPages& pages) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return {http::status::method_not_allowed, "text/plain", "only GET and HEAD\n"};
  }
  const std::string_view target(request.target().data(), request.target().size());
  const std::string_view path = target.substr(0, target.find('?'));
  for (const Page& page : kPages) {
    if (page.path == path) return page.make(pages);
  }
  return {http::status::not_found, "text/plain", "no such page; see /\n"};
}

}  // namespace

HttpResponse Answer(const HttpRequest& request, const AdminPages& pages) {
  Content content = ContentFor(request, pages);
  HttpResponse response(content.status, request.version());
  response.set(http::field::content_type, boost::beast::string_view(content.type.data(), content.type.size()));
  response.set(http::field::cache_control, "no-store");
  if (content.status == http::status::method_not_allowed) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(request.keep_alive());
  const std::size_t size = content.body.size();
  if (request.method() != http::verb::head) response.body() = std::move(content.body);
  response.content_length(size);
  return response;
}

}  // namespace flowbroker::admin
