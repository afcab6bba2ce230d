#include "service/config/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace flowbroker::config {
namespace {

Unexpected Wrong(std::string_view text, std::string_view expected) {
  return Unexpected({FailureReason::kInvalidArgument, "\"" + std::string(text) + "\" is not " + std::string(expected)});
}

/// The decimal number `text` begins with, and what follows it.
template <typename Number>
std::optional<std::pair<Number, std::string_view>> LeadingNumber(std::string_view text) {
  Number number{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return std::pair(number, text.substr(static_cast<std::size_t>(rest - text.data())));
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array kDurationUnits = {Unit{"ms", 1'000'000}, Unit{"s", 1'000'000'000}, Unit{"m", 60'000'000'000},
                                       Unit{"h", 3'600'000'000'000}, Unit{"us", 1'000}};
constexpr std::array kSizeUnits = {Unit{"", 1},          Unit{"K", 1 << 10},   Unit{"M", 1 << 20},  Unit{"G", 1 << 30},
                                   Unit{"KiB", 1 << 10}, Unit{"MiB", 1 << 20}, Unit{"GiB", 1 << 30}};

/// `number` in the unit `name`; nothing for an unknown unit or a product that does not fit.
template <std::size_t kCount>
std::optional<std::int64_t> Scale(std::int64_t number, std::string_view name, const std::array<Unit, kCount>& units) {
  const auto* const unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  if (unit == units.end() || number < 0) return std::nullopt;
  if (number > std::numeric_limits<std::int64_t>::max() / unit->factor) return std::nullopt;
  return number * unit->factor;
}

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.push_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

template <typename Value, typename ToText>
std::string JoinWithCommas(const std::vector<Value>& values, ToText to_text) {
  std::string text;
  for (const Value& value : values) {
    if (!text.empty()) text += ',';
    text += to_text(value);
  }
  return text;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

std::optional<Transport> TransportNamed(std::string_view text) {
  const std::string name = LowerCase(text);
  for (const Transport transport : {Transport::kUdp, Transport::kTcp, Transport::kTls}) {
    if (LowerCase(ToString(transport)) == name) return transport;
  }
  return std::nullopt;
}

std::optional<Endpoint> AddressAndPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::Parse(text.substr(0, colon));
  const auto port = LeadingNumber<std::uint16_t>(text.substr(colon + 1));
  const bool bare_ipv6 = address && !address->is_ipv4() && text.front() != '[';
  if (!address || bare_ipv6 || !port || !port->second.empty()) return std::nullopt;
  return Endpoint{*address, port->first};
}

/// A list of things that can parse themselves.
template <typename Value>
Expected<void> ParseList(std::string_view text, std::vector<Value>& value) {
  std::vector<Value> values;
  for (const std::string_view part : SplitAtCommas(text)) {
    const auto one = Value::Parse(part);
    if (!one) return Unexpected(one.error());
    values.push_back(*one);
  }
  value = std::move(values);
  return {};
}

}  // namespace

Expected<void> ParseValue(std::string_view text, bool& value) {
  const std::string word = LowerCase(text);
  const bool yes = word == "on" || word == "true" || word == "yes";
  const bool no = word == "off" || word == "false" || word == "no";
  if (!yes && !no) return Wrong(text, "on or off");
  value = yes;
  return {};
}

Expected<void> ParseValue(std::string_view text, int& value) {
  const auto number = LeadingNumber<int>(text);
  if (!number || !number->second.empty() || number->first < 0) return Wrong(text, "a whole number");
  value = number->first;
  return {};
}

Expected<void> ParseValue(std::string_view text, std::size_t& value) {
  const auto number = LeadingNumber<std::int64_t>(text);
  const auto scaled = number ? Scale(number->first, number->second, kSizeUnits) : std::nullopt;
  if (!scaled) return Wrong(text, "a whole number such as 500, 64K or 1M");
  value = static_cast<std::size_t>(*scaled);
  return {};
}

Expected<void> ParseValue(std::string_view text, Duration& value) {
  const auto number = LeadingNumber<std::int64_t>(text);
  const std::string_view unit = text == "0" ? "s" : number ? number->second : "";
  const auto scaled = number ? Scale(number->first, unit, kDurationUnits) : std::nullopt;
  if (!scaled) return Wrong(text, "a time such as 200ms, 5s, 10m or 1h");
  value = Duration(*scaled);
  return {};
}

Expected<void> ParseValue(std::string_view text, std::string& value) {
  value = text;
  return {};
}

Expected<void> ParseValue(std::string_view text, LogLevel& value) {
  for (const LogLevel level : {LogLevel::kError, LogLevel::kWarn, LogLevel::kInfo}) {
    if (ToString(level) != text) continue;
    value = level;
    return {};
  }
  return Wrong(text, "error, warn or info");
}

Expected<void> ParseValue(std::string_view text, flow::KeepAliveMethod& value) {
  for (const flow::KeepAliveMethod method : flow::kAllKeepAliveMethods) {
    if (ToString(method) != text) continue;
    value = method;
    return {};
  }
  return Wrong(text, "none, crlf, stun or options");
}

Expected<void> ParseValue(std::string_view text, std::vector<std::string>& value) {
  const auto parts = SplitAtCommas(text);
  value.assign(parts.begin(), parts.end());
  return {};
}

Expected<void> ParseValue(std::string_view text, std::vector<Endpoint>& value) {
  std::vector<Endpoint> endpoints;
  for (const std::string_view part : SplitAtCommas(text)) {
    const auto endpoint = ParseEndpoint(part, 53);
    if (!endpoint) return Unexpected(endpoint.error());
    endpoints.push_back(*endpoint);
  }
  value = std::move(endpoints);
  return {};
}

Expected<void> ParseValue(std::string_view text, std::vector<Transport>& value) {
  std::vector<Transport> transports;
  for (const std::string_view part : SplitAtCommas(text)) {
    const auto transport = TransportNamed(part);
    const bool again = transport && std::find(transports.begin(), transports.end(), *transport) != transports.end();
    if (!transport || again) return Wrong(text, "a list of tls, tcp and udp, each at most once");
    transports.push_back(*transport);
  }
  if (transports.empty()) return Wrong(text, "a list of tls, tcp and udp");
  value = std::move(transports);
  return {};
}

Expected<void> ParseValue(std::string_view text, std::vector<location::EgressRule>& value) {
  return ParseList(text, value);
}

Expected<void> ParseValue(std::string_view text, std::vector<flow::EdgeListener>& value) {
  return ParseList(text, value);
}

Expected<void> ParseValue(std::string_view text, std::vector<std::uint32_t>& value) {
  std::vector<std::uint32_t> numbers;
  for (const std::string_view part : SplitAtCommas(text)) {
    const char* const end = part.data() + part.size();
    const auto [stopped, error] = std::from_chars(part.data(), end, numbers.emplace_back());
    if (error != std::errc() || stopped != end) return Wrong(text, "a list of numbers such as 1000,1001");
  }
  value = std::move(numbers);
  return {};
}

std::string ValueText(bool value) {
  return value ? "on" : "off";
}

std::string ValueText(int value) {
  return std::to_string(value);
}

std::string ValueText(std::size_t value) {
  for (const std::string_view name : {"M", "K"}) {
    const std::size_t factor = name == "M" ? 1 << 20 : 1 << 10;
    if (value >= factor && value % factor == 0) return std::to_string(value / factor) + std::string(name);
  }
  return std::to_string(value);
}

std::string ValueText(Duration value) {
  if (value == Duration::zero()) return "0";
  for (const std::string_view name : {"h", "m", "s", "ms"}) {
    const std::int64_t factor = *Scale(1, name, kDurationUnits);
    if (value.count() % factor == 0) return std::to_string(value.count() / factor) + std::string(name);
  }
  return std::to_string(value.count() / 1000) + "us";
}

std::string ValueText(const std::string& value) {
  return value;
}

std::string ValueText(LogLevel value) {
  return std::string(ToString(value));
}

std::string ValueText(flow::KeepAliveMethod value) {
  return std::string(ToString(value));
}

std::string ValueText(const std::vector<std::string>& value) {
  return JoinWithCommas(value, [](const std::string& text) { return text; });
}

std::string ValueText(const std::vector<Endpoint>& value) {
  return JoinWithCommas(value, [](const Endpoint& endpoint) { return endpoint.ToString(); });
}

std::string ValueText(const std::vector<Transport>& value) {
  return JoinWithCommas(value, [](Transport transport) { return LowerCase(ToString(transport)); });
}

std::string ValueText(const std::vector<location::EgressRule>& value) {
  return JoinWithCommas(value, [](const location::EgressRule& rule) { return rule.ToString(); });
}

std::string ValueText(const std::vector<flow::EdgeListener>& value) {
  return JoinWithCommas(value, [](const flow::EdgeListener& listener) {
    return listener.ToString() + (listener.client_group.empty() ? "" : "=" + listener.client_group);
  });
}

std::string ValueText(const std::vector<std::uint32_t>& value) {
  return JoinWithCommas(value, [](std::uint32_t number) { return std::to_string(number); });
}

Expected<Endpoint> ParseEndpoint(std::string_view text, std::uint16_t default_port) {
  if (const auto address = IpAddress::Parse(text)) return Endpoint{*address, default_port};
  const auto endpoint = AddressAndPort(text);
  if (!endpoint || endpoint->port == 0) {
    return Wrong(text, "an address and port such as 192.0.2.1:53 or [2001:db8::1]:53");
  }
  return *endpoint;
}

Expected<unsigned> ParseFileMode(std::string_view text) {
  unsigned mode = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, mode, 8);
  const bool octal = text.size() == 4 && text.front() == '0' && error == std::errc() && stopped == end;
  if (!octal) return Wrong(text, "octal permissions such as 0600 or 0660");
  return mode;
}

Expected<Endpoint> ParseListenEndpoint(std::string_view text) {
  const auto endpoint = AddressAndPort(text);
  if (!endpoint) return Wrong(text, "an address and port such as 127.0.0.1:7461 or [::1]:7461");
  return *endpoint;
}

}  // namespace flowbroker::config
