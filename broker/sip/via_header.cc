#include "broker/sip/via_header.h"

#include <algorithm>

#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t npos = std::string_view::npos;

/// Offset after the quoted string that begins at `open`, or the end.
std::size_t SkipQuoted(std::string_view text, std::size_t open) {
  std::size_t i = open + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

/// Offset of the next ';' or ',' outside quotes, or the end.
std::size_t FindSeparator(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const char c = text[from];
    if (!Is(CharacterClass::kToken, c)) {  // most characters are, and then one look is enough
      if (c == ';' || c == ',') return from;
      if (c == '"') {
        from = SkipQuoted(text, from);
        continue;
      }
    }
    ++from;
  }
  return from;
}

/// A parameter's value from after its '=' to the first white space.
std::string_view ReadValue(std::string_view text) {
  const std::string_view value = TrimLinearWhiteSpace(text);
  return value.substr(0, std::min(value.find_first_of(" \t\r\n"), value.size()));
}

std::string_view BranchValue(std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  if (equals == npos) return {};
  if (!EqualsIgnoringCase(TrimLinearWhiteSpace(parameter.substr(0, equals)), "branch")) return {};
  return ReadValue(parameter.substr(equals + 1));
}

std::string_view WithoutLeadingWhiteSpace(std::string_view text) {
  while (!text.empty() && IsLinearWhiteSpace(text.front())) text.remove_prefix(1);
  return text;
}

/// Takes a token and the white space around it from the front of `text`; empty where there is none.
std::string_view TakeToken(std::string_view& text) {
  text = WithoutLeadingWhiteSpace(text);
  const std::string_view token = text.substr(0, TokenLength(text));
  text = WithoutLeadingWhiteSpace(text.substr(token.size()));
  return token;
}

bool TakeSlash(std::string_view& text) {
  if (!text.starts_with('/')) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Transport> TransportNamed(std::string_view name) {
  if (EqualsIgnoringCase(name, "udp")) return Transport::kUdp;
  if (EqualsIgnoringCase(name, "tcp")) return Transport::kTcp;
  if (EqualsIgnoringCase(name, "tls")) return Transport::kTls;
  return std::nullopt;
}

std::optional<std::uint16_t> ReadPort(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port == 0 || port > UINT16_MAX) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

/// `sent-by`: a host, and perhaps a colon and a port, with white space around each.
bool ReadSentBy(std::string_view text, ViaSender& sender) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == npos) return false;
  const std::size_t colon = text.find(':', bracket);
  sender.host = TrimLinearWhiteSpace(text.substr(0, colon));
  if (sender.host.empty() || sender.host.find_first_of(" \t\r\n") != npos) return false;
  sender.address = IpAddress::Parse(sender.host);
  if (colon == npos) return true;
  sender.port = ReadPort(TrimLinearWhiteSpace(text.substr(colon + 1)));
  return sender.port.has_value();
}

void TakeParameter(std::string_view parameter, ViaSender& sender) {
  const std::size_t equals = parameter.find('=');
  const std::string_view name = TrimLinearWhiteSpace(parameter.substr(0, equals));
  const std::string_view value = equals == npos ? std::string_view() : ReadValue(parameter.substr(equals + 1));
  if (EqualsIgnoringCase(name, "received") && !sender.received) {
    sender.received = IpAddress::Parse(value);
  } else if (EqualsIgnoringCase(name, "rport") && !sender.wants_rport) {
    sender.wants_rport = true;
    sender.rport = ReadPort(value);
  }
}

}  // namespace

ViaHeader ReadTopVia(std::string_view value) {
  ViaHeader via;
  std::size_t end = FindSeparator(value, 0);
  while (end < value.size() && value[end] == ';') {
    const std::size_t begin = end + 1;
    end = FindSeparator(value, begin);
    if (via.branch.empty()) via.branch = BranchValue(value.substr(begin, end - begin));
  }
  via.text = TrimLinearWhiteSpace(value.substr(0, end));
  return via;
}

std::optional<ViaSender> ReadViaSender(std::string_view via) {
  ViaSender sender;
  if (TakeToken(via).empty() || !TakeSlash(via) || TakeToken(via).empty() || !TakeSlash(via)) return std::nullopt;
  const std::string_view transport = TakeToken(via);
  if (transport.empty()) return std::nullopt;
  sender.transport = TransportNamed(transport);

  std::size_t end = FindSeparator(via, 0);
  if (!ReadSentBy(via.substr(0, end), sender)) return std::nullopt;
  while (end < via.size() && via[end] == ';') {
    const std::size_t begin = end + 1;
    end = FindSeparator(via, begin);
    TakeParameter(via.substr(begin, end - begin), sender);
  }
  return sender;
}

bool StatesOtherAddress(const ViaSender& sender, const Endpoint& source) {
  // A socket for both families shows IPv4 as IPv6, and so may a Via.
  if (sender.address && sender.address->MappedOctets() != source.address.MappedOctets()) return true;
  return sender.transport == Transport::kUdp && sender.port.value_or(DefaultPort(Transport::kUdp)) != source.port;
}

}  // namespace flowbroker::sip
