#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/base/ip_address.h"

namespace flowbroker::net {

/// The `nameserver` lines of a resolv.conf(5), port 53, in their order and each once. Other lines are skipped, and so
/// are link-local addresses with a zone ("fe80::1%eth0"). Without any usable line the server is 127.0.0.1, as the
/// manual page says.
std::vector<Endpoint> ReadNameservers(std::string_view resolv_conf);

/// Those of the file at `path`; a file that cannot be read counts as empty.
std::vector<Endpoint> LoadNameservers(const std::string& path = "/etc/resolv.conf");

}  // namespace flowbroker::net
