#include "broker/sip/sip_uri.h"

#include <algorithm>

#include "broker/sip/characters.h"
#include "broker/sip/host.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t npos = std::string_view::npos;

/// Text of a caller inside a message to people: short and printable.
std::string Quoted(std::string_view text) {
  constexpr std::size_t kShown = 32;
  std::string quoted = "'";
  for (const char c : text.substr(0, kShown)) quoted += c > ' ' && c <= '~' ? c : '?';
  if (text.size() > kShown) quoted += "...";
  return quoted + "'";
}

/// Where the first of `wanted` is, from `begin` on; else npos. Four times as quick as find_first_of with a set this
/// small, and every Acquire reads a URI.
template <char... wanted>
std::size_t FindAny(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (((text[i] == wanted) || ...)) return i;
  }
  return npos;
}

bool IsHex(char c) {
  return IsDigit(c) || (ToLower(c) >= 'a' && ToLower(c) <= 'f');
}

char HexValue(char c) {
  return static_cast<char>(IsDigit(c) ? c - '0' : ToLower(c) - 'a' + 10);
}

/// `text` with the escapes of unreserved characters undone, in lower case: an escaped unreserved character means the
/// same as the character itself (s.19.1.4), and the names we look for consist of nothing else.
/// @pre every '%' in `text` begins a whole escape
std::string Unescaped(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    if (text[0] == '%') {
      const char c = static_cast<char>(HexValue(text[1]) * 16 + HexValue(text[2]));
      if (Is(CharacterClass::kUnreserved, c)) {
        plain += ToLower(c);
        text.remove_prefix(3);
        continue;
      }
    }
    plain += ToLower(text[0]);
    text.remove_prefix(1);
  }
  return plain;
}

/// Whether Unescaped(`text`) is `plain`.
bool Means(std::string_view text, std::string_view plain) {
  if (text.size() == plain.size()) return EqualsIgnoringCase(text, plain);
  return text.size() > plain.size() && text.find('%') != npos && Unescaped(text) == plain;
}

std::optional<Transport> TransportOf(std::string_view value) {
  if (Means(value, "udp")) return Transport::kUdp;
  if (Means(value, "tcp")) return Transport::kTcp;
  if (Means(value, "tls")) return Transport::kTls;
  return std::nullopt;
}

struct Parameter {
  std::string_view name;
  std::string_view value;  ///< empty where there is none
};

Parameter ParameterIn(std::string_view text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  return {text.substr(0, equals), text.substr(std::min(equals + 1, text.size()))};
}

/// Reads one URI from left to right; each Read function takes what its name says from the front of what is left.
class UriReader {
 public:
  using Step = Expected<void>;

  /// Writes into `uri`, which is empty.
  UriReader(std::string_view text, SipUri& uri) : text_(text), uri_(uri) {}

  Step Read() {
    if (text_.size() > SipUri::kMaxLength) {
      return Wrong("longer than " + std::to_string(SipUri::kMaxLength) + " octets", SipUri::kMaxLength);
    }
    Step step = ReadScheme();
    if (step) step = ReadUserInfo();
    if (step) step = ReadHostAndPort();
    if (step) step = ReadParameters();
    if (step) step = ReadHeaders();
    return step;
  }

 private:
  static Unexpected Wrong(const std::string& what, std::size_t offset) {
    return Unexpected(
        Failure{FailureReason::kInvalidArgument, what + " (octet " + std::to_string(offset) + " of the URI)", "uri"});
  }

  bool At(char c) const { return position_ < text_.size() && text_[position_] == c; }

  /// Checks that [begin, end) consists of `allowed` characters and whole escapes.
  Step Check(std::size_t begin, std::size_t end, CharacterClass allowed, const char* part) const {
    for (std::size_t i = begin; i < end; ++i) {
      if (Is(allowed, text_[i])) continue;
      if (text_[i] != '%') {
        return Wrong(Quoted(text_.substr(i, 1)) + " is not allowed in the " + part + "; escape it", i);
      }
      if (end - i < 3 || !IsHex(text_[i + 1]) || !IsHex(text_[i + 2])) {
        return Wrong("'%' without two hexadecimal digits", i);
      }
      i += 2;
    }
    return {};
  }

  Step ReadScheme() {
    const std::size_t colon = text_.find(':');
    const std::string_view scheme = text_.substr(0, colon);
    uri_.secure = EqualsIgnoringCase(scheme, "sips");
    if (colon == npos) return Wrong("no scheme; a URI begins with sip: or sips:", 0);
    if (!uri_.secure && !EqualsIgnoringCase(scheme, "sip")) {
      return Wrong("scheme " + Quoted(scheme) + " is not supported; use sip or sips", 0);
    }
    position_ = colon + 1;
    return {};
  }

  /// '@' cannot stand for itself anywhere in a URI, so the first one ends the user part.
  Step ReadUserInfo() {
    const std::size_t at = text_.find('@', position_);
    if (at == npos) return {};
    const std::size_t user_end = std::min(text_.find(':', position_), at);
    if (user_end == position_) return Wrong("the user before '@' is empty", position_);
    uri_.user = text_.substr(position_, user_end - position_);
    Step valid = Check(position_, user_end, CharacterClass::kUser, "user");
    if (valid && user_end < at) valid = Check(user_end + 1, at, CharacterClass::kPassword, "password");
    position_ = at + 1;
    return valid;
  }

  Step ReadHostAndPort() {
    std::size_t end = FindAny<':', ';', '?'>(text_, position_);
    const std::size_t second = end != npos && text_[end] == ':' ? text_.find(':', end + 1) : npos;
    if (second != npos && second < FindAny<'[', ';', '?'>(text_, position_)) {
      return Wrong("more than one ':' in host and port; IPv6 addresses need brackets", position_);
    }
    if (At('[')) {
      end = text_.find(']', position_);
      if (end == npos) return Wrong("'[' without ']'", position_);
      ++end;
    }
    end = std::min(end, text_.size());
    const std::string_view written = text_.substr(position_, end - position_);
    if (written.empty()) return Wrong("the host is missing", position_);
    std::optional<std::string> host = ReadHost(written);
    if (!host) return Wrong("host " + Quoted(written) + " is neither a name nor an IP address", position_);
    uri_.host = *std::move(host);
    position_ = end;
    return At(':') ? ReadPort() : Step{};
  }

  Step ReadPort() {
    const std::size_t begin = ++position_;
    constexpr std::uint32_t kTooLarge = 65536;
    std::uint32_t port = 0;
    for (; position_ < text_.size() && IsDigit(text_[position_]); ++position_) {
      port = std::min(port * 10 + static_cast<std::uint32_t>(text_[position_] - '0'), kTooLarge);
    }
    const bool ends = position_ == text_.size() || At(';') || At('?');
    if (!ends || port == 0 || port == kTooLarge) return Wrong("the port is not a number from 1 to 65535", begin);
    uri_.port = static_cast<std::uint16_t>(port);
    return {};
  }

  Step ReadParameters() {
    const std::size_t first = position_;
    while (At(';')) {
      const std::size_t begin = position_ + 1;
      position_ = std::min(FindAny<';', '?'>(text_, begin), text_.size());
      const Parameter parameter = ParameterIn(text_.substr(begin, position_ - begin));
      if (parameter.name.empty()) return Wrong("a parameter has no name", begin);
      const std::size_t end = begin + parameter.name.size();
      Step step = Check(begin, end, CharacterClass::kParameter, "parameter name");
      if (step && end < position_) step = Check(end + 1, position_, CharacterClass::kParameter, "parameter value");
      if (step) step = Heed(parameter, begin);
      if (!step) return step;
    }
    if (position_ < text_.size() && !At('?')) {
      return Wrong(Quoted(text_.substr(position_, 1)) + " after the host; expected ':', ';' or '?'", position_);
    }
    uri_.parameters = text_.substr(first, position_ - first);
    return {};
  }

  Step Heed(const Parameter& parameter, std::size_t begin) {
    if (Means(parameter.name, "transport")) {
      if (uri_.transport) return Wrong("'transport' is given twice", begin);
      uri_.transport = TransportOf(parameter.value);
      if (uri_.transport) return {};
      return Wrong("transport " + Quoted(parameter.value) + " is not supported; use udp, tcp or tls", begin);
    }
    if (Means(parameter.name, "maddr")) {
      if (uri_.maddr) return Wrong("'maddr' is given twice", begin);
      uri_.maddr = ReadHost(Unescaped(parameter.value));
      if (uri_.maddr) return {};
      return Wrong("maddr " + Quoted(parameter.value) + " is neither a name nor an IP address", begin);
    }
    return {};
  }

  Step ReadHeaders() {
    if (!At('?')) return {};
    if (++position_ == text_.size()) return Wrong("nothing follows '?'", position_);
    uri_.headers = text_.substr(position_);
    return Check(position_, text_.size(), CharacterClass::kUriHeader, "headers");
  }

  std::string_view text_;
  std::size_t position_ = 0;
  SipUri& uri_;
};

}  // namespace

Expected<SipUri> SipUri::Parse(std::string_view text) {
  Expected<SipUri> uri;  // read where the caller wants it: every Acquire does
  if (auto step = UriReader(text, *uri).Read(); !step) uri = Unexpected(std::move(step.error()));
  return uri;
}

std::vector<std::pair<std::string, std::string>> SipUri::EachParameter() const {
  std::vector<std::pair<std::string, std::string>> each;
  for (std::size_t begin = 0; begin < parameters.size();) {
    const std::size_t end = std::min(parameters.find(';', begin + 1), parameters.size());
    const Parameter parameter = ParameterIn(std::string_view(parameters).substr(begin + 1, end - begin - 1));
    each.emplace_back(Unescaped(parameter.name), parameter.value);
    begin = end;
  }
  return each;
}

std::string SipUri::ToString() const {
  std::string text = secure ? "sips:" : "sip:";
  if (!user.empty()) text += user + "@";
  text += BracketIfIpv6(host);
  if (port) text += ":" + std::to_string(*port);
  text += parameters;
  if (!headers.empty()) text += "?" + headers;
  return text;
}

}  // namespace flowbroker::sip
