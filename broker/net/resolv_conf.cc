#include "broker/net/resolv_conf.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace flowbroker::net {
namespace {

constexpr std::uint16_t kDnsPort = 53;

}  // namespace

std::vector<Endpoint> ReadNameservers(std::string_view resolv_conf) {
  std::vector<Endpoint> servers;
  std::istringstream lines{std::string(resolv_conf)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string keyword;
    std::string value;
    if (!(words >> keyword >> value) || keyword != "nameserver") continue;
    const auto address = IpAddress::Parse(value);
    if (!address) continue;
    const Endpoint server{*address, kDnsPort};
    if (std::find(servers.begin(), servers.end(), server) == servers.end()) servers.push_back(server);
  }
  if (servers.empty()) servers.push_back({IpAddress::FromIpv4({127, 0, 0, 1}), kDnsPort});
  return servers;
}

std::vector<Endpoint> LoadNameservers(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return ReadNameservers(text);
}

}  // namespace flowbroker::net
