#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace flowbroker::sip {

/// Reads `host` of RFC 3261 s.25.1: a name, an IPv4 address or a bracketed IPv6 reference. Returns it in the one form
/// in which hosts are compared and looked up: lower case, without a trailing dot, IPv6 in RFC 5952 form without
/// brackets. Nothing for everything else, e.g. "192.0.2.300": its last label is no `toplabel`.
std::optional<std::string> ReadHost(std::string_view text);

/// `host` as it stands in a URI or a Via: IPv6 addresses get brackets unless they have them.
std::string BracketIfIpv6(std::string_view host);

}  // namespace flowbroker::sip
