#include <array>
#include <charconv>
#include <utility>

#include "service/rpc/fields.h"
#include "service/rpc/history_conversion.h"

namespace flowbroker::rpc {
namespace {

constexpr std::size_t kUsualPreferences = 100;
constexpr std::size_t kUsualRaces = 20;

template <typename Number>
std::optional<Number> ReadNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Transport> ReadTransport(std::string_view text) {
  for (const Transport transport : {Transport::kUdp, Transport::kTcp, Transport::kTls}) {
    if (ToString(transport) == text) return transport;
  }
  return std::nullopt;
}

/// "3,2001:db8::,TCP".
std::optional<history::PrefixKey> ReadKey(std::string_view token) {
  const std::size_t first = token.find(',');
  const std::size_t second = first == std::string_view::npos ? first : token.find(',', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto network = ReadNumber<std::uint32_t>(token.substr(0, first));
  const auto prefix = IpAddress::Parse(token.substr(first + 1, second - first - 1));
  const auto transport = ReadTransport(token.substr(second + 1));
  if (!network || !prefix || !transport) return std::nullopt;
  return history::PrefixKey{{*network}, *prefix, *transport};
}

Unexpected BadToken() {
  return FieldError("page_token", "not from a previous answer");
}

/// A prefix, or an address as the longest one.
Expected<std::optional<IpPrefix>> OptionalPrefix(const std::string& text, const char* field) {
  if (text.empty()) return std::nullopt;
  if (const auto address = IpAddress::Parse(text)) return IpPrefix{*address, address->is_ipv4() ? 32 : 128};
  return RequiredPrefix(text, field);
}

Expected<std::optional<engine::Host>> OptionalHost(const std::string& text, const char* field) {
  if (text.empty()) return std::nullopt;
  return RequiredHost(text, field);
}

Expected<std::optional<bool>> Succeeded(v1::RaceOutcome outcome) {
  switch (static_cast<int>(outcome)) {  // an open enum of the wire
    case v1::RACE_OUTCOME_UNSPECIFIED:
      return std::nullopt;
    case v1::RACE_OUTCOME_SUCCEEDED:
      return true;
    case v1::RACE_OUTCOME_FAILED:
      return false;
    default:
      return FieldError("outcome", "unknown value " + std::to_string(static_cast<int>(outcome)));
  }
}

bool IsImpaired(const history::FamilyPreference& preference) {
  return preference.preferred != preference.key.prefix.family() ||
         preference.reachability == history::Reachability::kSlow ||
         preference.reachability == history::Reachability::kUnreachable;
}

}  // namespace

Expected<std::optional<std::string>> OptionalInterface(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return Text(text, kMaxInterface, "interface");
}

std::string PageTokenAfter(const history::PrefixKey& last) {
  return std::to_string(last.network.value) + "," + last.prefix.ToString() + "," +
         std::string(ToString(last.transport));
}

Expected<PreferencePage> FromProto(const v1::ListFamilyPreferencesRequest& request) {
  const auto count = PageSize(request.page_size(), kUsualPreferences);
  if (!count) return Unexpected(count.error());
  const auto after = ReadKey(request.page_token());
  if (!request.page_token().empty() && !after) return BadToken();
  auto interface = OptionalInterface(request.interface());
  if (!interface) return Unexpected(interface.error());
  const auto family = OptionalFamily(request.family(), "family");
  if (!family) return Unexpected(family.error());
  const auto prefix = OptionalPrefix(request.prefix(), "prefix");
  if (!prefix) return Unexpected(prefix.error());
  return PreferencePage{after, *count, *std::move(interface), *family, *prefix, request.only_impaired()};
}

bool PreferencePage::Shows(const history::FamilyPreference& preference, const engine::HistoryAccess& history) const {
  if (after && preference.key <= *after) return false;
  if (family && preference.key.prefix.family() != *family) return false;
  if (prefix && !prefix->Overlaps({preference.key.prefix, preference.prefix_bits})) return false;
  if (only_impaired && !IsImpaired(preference)) return false;
  return !interface || history.InterfaceOf(preference.key.network) == *interface;
}

Expected<RacePage> FromProto(const v1::ListRacesRequest& request) {
  const auto count = PageSize(request.page_size(), kUsualRaces);
  if (!count) return Unexpected(count.error());
  const auto before = ReadNumber<std::uint64_t>(request.page_token());
  if (!request.page_token().empty() && !before) return BadToken();
  auto host = OptionalHost(request.host(), "host");
  if (!host) return Unexpected(host.error());
  const auto succeeded = Succeeded(request.outcome());
  if (!succeeded) return Unexpected(succeeded.error());
  flow::Scope scope;
  if (request.has_client_group()) {
    auto group = ClientGroup(request.client_group());
    if (!group) return Unexpected(group.error());
    scope.client_group = *std::move(group);
  }
  return RacePage{before, *count, *std::move(host), *succeeded, std::move(scope)};
}

bool RacePage::Shows(const engine::RaceRecord& race) const {
  if (before && race.number >= *before) return false;
  if (succeeded && race.flow.has_value() != *succeeded) return false;
  if (!scope.Covers(race.owner)) return false;
  return !host || race.Concerns(*host);
}

Expected<engine::ReachabilityQuery> FromProto(const v1::GetReachabilityRequest& request) {
  auto host = RequiredHost(request.host(), "host");
  if (!host) return Unexpected(host.error());
  const auto port = OptionalPort(request.port(), "port");
  if (!port) return Unexpected(port.error());
  const auto transport = OptionalTransport(request.transport(), "transport");
  if (!transport) return Unexpected(transport.error());
  auto interface = OptionalInterface(request.interface());
  if (!interface) return Unexpected(interface.error());
  return engine::ReachabilityQuery{*std::move(host), *port, *transport, *std::move(interface)};
}

}  // namespace flowbroker::rpc
