#include "broker/location/naptr_selection.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace flowbroker::location {
namespace {

std::optional<Transport> TransportOfService(std::string_view service) {
  if (service == "sips+d2t") return Transport::kTls;
  if (service == "sip+d2t") return Transport::kTcp;
  if (service == "sip+d2u") return Transport::kUdp;
  return std::nullopt;
}

std::optional<NaptrNext> NextOfFlags(std::string_view flags) {
  if (flags == "s") return NaptrNext::kSrv;
  if (flags == "a") return NaptrNext::kAddresses;
  if (flags.empty()) return NaptrNext::kNaptr;
  return std::nullopt;  // "u" and "p" lead out of DNS, others are unknown
}

// RFC 3403 s.4.1: regexp and replacement exclude each other; a record with both is in error and is ignored.
std::optional<dns::DnsName> NameOf(const dns::NaptrRecord& record) {
  if (record.regexp.empty() && !record.replacement.is_root()) return record.replacement;
  if (!record.regexp.empty() && record.replacement.is_root()) return SubstituteWholeName(record.regexp);
  return std::nullopt;
}

std::string Describe(const dns::NaptrRecord& record) {
  std::string service = record.service.empty() ? "without service" : record.service;
  const bool known = TransportOfService(service).has_value();
  if (known)
    std::transform(service.begin(), service.end(), service.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return "NAPTR " + service + " " + std::to_string(record.order) + "/" + std::to_string(record.preference);
}

std::optional<NaptrChoice> Read(const dns::NaptrRecord& record, TransportSet usable) {
  const std::optional<NaptrNext> next = NextOfFlags(record.flags);
  if (!next) return std::nullopt;
  const std::optional<Transport> transport = TransportOfService(record.service);
  const bool any_service = *next == NaptrNext::kNaptr && record.service.empty();
  if (!any_service && (!transport || !usable.Contains(*transport))) return std::nullopt;
  std::optional<dns::DnsName> name = NameOf(record);
  if (!name) return std::nullopt;
  return NaptrChoice{*next, std::move(*name), transport, Describe(record)};
}

}  // namespace

std::vector<NaptrChoice> SelectNaptr(const std::vector<dns::NaptrRecord>& records, TransportSet usable) {
  std::multimap<std::pair<std::uint16_t, std::uint16_t>, NaptrChoice> candidates;  // by order and preference
  for (const dns::NaptrRecord& record : records) {
    if (auto choice = Read(record, usable)) {
      candidates.emplace(std::pair(record.order, record.preference), std::move(*choice));
    }
  }
  // RFC 3403 s.4.1: once a record of an order could be used, records of a higher order must not be.
  std::vector<NaptrChoice> chosen;
  for (auto& [place, choice] : candidates) {
    if (place.first != candidates.begin()->first.first) break;
    chosen.push_back(std::move(choice));
  }
  return chosen;
}

std::optional<dns::DnsName> SubstituteWholeName(std::string_view regexp) {
  // RFC 3402 s.3.2: delimiter, pattern, delimiter, substitution, delimiter, flags. A delimiter that is a backslash, a
  // digit or the flag `i` is not allowed.
  constexpr std::array<std::string_view, 6> kMatchAll{".*", "^.*", ".*$", "^.*$", "^(.*)$", "(.*)"};
  if (regexp.size() < 3) return std::nullopt;
  const char delimiter = regexp.front();
  if (delimiter == '\\' || delimiter == 'i' || (delimiter >= '0' && delimiter <= '9')) return std::nullopt;
  const std::size_t second = regexp.find(delimiter, 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::size_t third = regexp.find(delimiter, second + 1);
  if (third == std::string_view::npos) return std::nullopt;
  const std::string_view flags = regexp.substr(third + 1);
  if (!flags.empty() && flags != "i") return std::nullopt;
  const std::string_view pattern = regexp.substr(1, second - 1);
  if (std::find(kMatchAll.begin(), kMatchAll.end(), pattern) == kMatchAll.end()) return std::nullopt;
  // A substitution with back-references or escapes is not a domain name, so Parse refuses it.
  std::optional<dns::DnsName> name = dns::DnsName::Parse(regexp.substr(second + 1, third - second - 1));
  if (!name || name->is_root()) return std::nullopt;
  return name;
}

}  // namespace flowbroker::location
