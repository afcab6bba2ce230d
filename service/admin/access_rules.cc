#include "service/admin/access_rules.h"

#include <boost/beast/core/string.hpp>
#include <string_view>

namespace flowbroker::admin {
namespace {

namespace http = boost::beast::http;

/// "localhost", "127.0.0.1" and "[::1]", with or without a port.
bool NamesThisHost(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  const std::string_view name = has_port ? host.substr(0, colon) : host;
  if (boost::beast::iequals(View(name), "localhost")) return true;
  const auto address = IpAddress::Parse(name);
  return address && IsLoopback(*address);
}

/// Whether the page that asks came from here: "http://<our host>". Only browsers send the header.
bool IsForeign(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme) && origin.substr(scheme.size()) == host) return false;
  }
  return true;
}

bool IsJson(std::string_view type) {
  std::string_view media = type.substr(0, type.find(';'));
  while (media.ends_with(' ')) media.remove_suffix(1);
  return boost::beast::iequals(View(media), "application/json");
}

}  // namespace

bool IsLoopback(const IpAddress& address) {
  return address.is_ipv4() ? address.octets()[0] == 127 : address == *IpAddress::Parse("::1");
}

std::optional<Refusal> AccessRules::CheckToken(const HttpRequest& request) const {
  if (token_) {
    if (token_->Matches(View(request[http::field::authorization]))) return std::nullopt;
    return Refusal{401, "a bearer token is needed, that of setting admin-token-file"};
  }
  if (!on_loopback_) {
    return Refusal{403, "served on loopback only as long as setting admin-token-file is not set"};
  }
  const std::string_view host = View(request[http::field::host]);
  if (host.empty() || NamesThisHost(host)) return std::nullopt;
  return Refusal{403, "this is not the host it was sent to; without a token Host must be localhost or its address"};
}

std::optional<Refusal> AccessRules::Check(const HttpRequest& request) const {
  if (request.count(http::field::host) > 1) return Refusal{400, "more than one Host"};
  if (auto refusal = CheckToken(request)) return refusal;
  const auto origin = request.find(http::field::origin);
  if (origin != request.end() && IsForeign(View(origin->value()), View(request[http::field::host]))) {
    return Refusal{403, "pages of other origins may not call"};
  }
  const auto type = request.find(http::field::content_type);
  if (type == request.end() ? !request.body().empty() : !IsJson(View(type->value()))) {
    return Refusal{415, "Content-Type must be application/json"};
  }
  return std::nullopt;
}

}  // namespace flowbroker::admin
