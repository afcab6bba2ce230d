#include "broker/sip/address_list.h"

#include <algorithm>

#include "broker/sip/characters.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t npos = std::string_view::npos;

Unexpected WrongIn(const char* field, std::string what) {
  return Unexpected(Failure{FailureReason::kInvalidArgument, std::move(what), field});
}

bool IsControl(char c) {
  return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f';
}

/// Whether `c` may stand in a URI that is kept as text: nothing that ends it, or a header line, elsewhere.
bool IsUriCharacter(char c) {
  return c > ' ' && c <= '~' && c != '<' && c != '>' && c != '"' && c != '\\';
}

bool IsUri(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != npos && colon > 0 && colon + 1 < text.size() && std::ranges::all_of(text, IsUriCharacter);
}

/// Octets of the quoted string that `text` begins with; npos where its end is missing.
std::size_t QuotedLength(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); i += text[i] == '\\' ? 2 : 1) {
    if (text[i] == '"') return i + 1;
  }
  return npos;
}

std::string_view WithoutLeadingBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

Expected<std::string> Unfold(std::string_view value, std::size_t max_octets, const char* field) {
  if (value.size() > max_octets) return WrongIn(field, "longer than " + std::to_string(max_octets) + " octets");
  std::string unfolded;
  while (true) {
    const auto control = std::ranges::find_if(value, IsControl);
    unfolded.append(value.begin(), control);
    if (control == value.end()) return unfolded;
    const std::string_view rest(control, value.end());
    if (!rest.starts_with("\r\n") || rest.size() == 2 || !IsBlank(rest[2]))
      return WrongIn(field, "a control character");
    value = rest.substr(2);
  }
}

AddressList::AddressList(std::string_view text, const char* field) : rest_(TrimLinearWhiteSpace(text)), field_(field) {}

Unexpected AddressList::Wrong(const char* what) const {
  return WrongIn(field_, what);
}

Expected<ListedAddress> AddressList::Next() {
  Expected<ListedAddress> address = ReadAddress();
  if (!address) return address;
  const Expected<std::string_view> parameters = ReadParameters();
  if (!parameters) return Unexpected(parameters.error());
  address->parameters = *parameters;
  after_comma_ = !rest_.empty();
  if (after_comma_) rest_ = WithoutLeadingBlanks(rest_.substr(1));
  return address;
}

/// `name-addr`, where a display name may stand before the bracket, or `addr-spec`, which ends at the first blank, comma
/// or semicolon (RFC 3261 s.20.10).
Expected<ListedAddress> AddressList::ReadAddress() {
  const std::size_t name = rest_.starts_with('"') ? QuotedLength(rest_) : 0;
  if (name == npos) return Wrong("a quoted name without its end");
  const std::size_t stop = std::min(rest_.find_first_of("<,;\"", name), rest_.size());
  ListedAddress address;
  address.bracketed = stop < rest_.size() && rest_[stop] == '<';
  if (name > 0 && !address.bracketed) return Wrong("a quoted name without an address in '<' and '>'");
  const std::size_t end = address.bracketed ? rest_.find('>', stop) : stop;
  if (end == npos) return Wrong("'<' without '>'");
  const std::string_view before = TrimLinearWhiteSpace(rest_.substr(0, stop));
  if (address.bracketed) address.display_name = before;
  address.uri = address.bracketed ? rest_.substr(stop + 1, end - stop - 1) : before;
  rest_.remove_prefix(address.bracketed ? end + 1 : end);
  if (address.uri.empty()) return Wrong("no address where one must be");
  if (address.uri != "*" && !IsUri(address.uri)) return Wrong("an address that is no URI");
  return address;
}

/// Up to the comma that ends the address, or the end.
Expected<std::string_view> AddressList::ReadParameters() {
  rest_ = WithoutLeadingBlanks(rest_);
  if (!rest_.empty() && rest_[0] != ';' && rest_[0] != ',') return Wrong("text after an address that is no parameter");
  std::size_t end = 0;
  while (end < rest_.size() && rest_[end] != ',') {
    const std::size_t length = rest_[end] == '"' ? QuotedLength(rest_.substr(end)) : 1;
    if (length == npos) return Wrong("a quoted string without its end");
    end += length;
  }
  const std::string_view parameters = TrimLinearWhiteSpace(rest_.substr(0, end));
  rest_.remove_prefix(end);
  return parameters;
}

Expected<std::optional<HeaderParameter>> HeaderParameters::Next() {
  while (rest_.starts_with(';') || rest_.starts_with(' ') || rest_.starts_with('\t')) rest_.remove_prefix(1);
  if (rest_.empty()) return std::nullopt;
  HeaderParameter parameter;
  const std::string_view all = rest_;
  parameter.name = rest_.substr(0, TokenLength(rest_));
  if (parameter.name.empty()) return WrongIn(field_, "a parameter without a name");
  rest_ = WithoutLeadingBlanks(rest_.substr(parameter.name.size()));
  if (rest_.starts_with('=')) {
    rest_ = WithoutLeadingBlanks(rest_.substr(1));
    parameter.has_value = true;
    parameter.quoted = rest_.starts_with('"');
    const std::size_t length =
        parameter.quoted ? QuotedLength(rest_) : std::min(rest_.find_first_of("; \t\""), rest_.size());
    if (length == npos || length == 0) return WrongIn(field_, "a parameter without the value that '=' announces");
    parameter.value = parameter.quoted ? rest_.substr(1, length - 2) : rest_.substr(0, length);
    rest_.remove_prefix(length);
  }
  parameter.text = TrimLinearWhiteSpace(all.substr(0, all.size() - rest_.size()));
  rest_ = WithoutLeadingBlanks(rest_);
  if (!rest_.empty() && rest_[0] != ';') return WrongIn(field_, "text after a parameter");
  return parameter;
}

}  // namespace flowbroker::sip
