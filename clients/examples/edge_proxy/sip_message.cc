#include "clients/examples/edge_proxy/sip_message.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace flowbroker::edge_proxy {
namespace {

constexpr std::string_view kBlank = " \t";

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool SameName(std::string_view left, std::string_view right) {
  return left.size() == right.size() && Lower(left) == Lower(right);
}

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The compact forms of what this proxy looks at.
std::string_view LongName(std::string_view name) {
  constexpr std::array<std::pair<char, std::string_view>, 5> kCompact{
      {{'v', "Via"}, {'f', "From"}, {'t', "To"}, {'i', "Call-ID"}, {'m', "Contact"}}};
  if (name.size() != 1) return name;
  const auto found = std::ranges::find(kCompact, std::tolower(static_cast<unsigned char>(name[0])),
                                       &std::pair<char, std::string_view>::first);
  return found == kCompact.end() ? name : found->second;
}

// Where the first of `stops` stands, outside of quotes and of "<>".
std::size_t FindOutside(std::string_view text, std::string_view stops) {
  bool quoted = false;
  bool angled = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      if (!angled && stops.find(c) != std::string_view::npos) return at;
      if (c == '<') angled = true;
      if (c == '>') angled = false;
    }
  }
  return std::string_view::npos;
}

// Takes what is before `stop` off the front of `text`, and the stop itself.
std::string_view TakeUntil(std::string_view& text, std::string_view stop) {
  const auto end = text.find(stop);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + stop.size());
  return taken;
}

}  // namespace

std::optional<SipMessage> SipMessage::Parse(std::string_view text) {
  SipMessage message;
  std::string_view head = TakeUntil(text, "\r\n\r\n");
  message.body_ = text;
  message.start_line_ = TakeUntil(head, "\r\n");
  if (message.IsRequest() && !message.start_line_.ends_with(" SIP/2.0")) return std::nullopt;
  while (!head.empty()) {
    const std::string_view line = TakeUntil(head, "\r\n");
    if (line.starts_with(' ') || line.starts_with('\t')) {  // continues the line before
      if (message.headers_.empty()) return std::nullopt;
      message.headers_.back().value.append(" ").append(Trim(line));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    message.headers_.push_back({.name = std::string(LongName(Trim(line.substr(0, colon)))),
                                .value = std::string(Trim(line.substr(colon + 1)))});
  }
  return message;
}

std::string SipMessage::Text() const {
  std::string text = start_line_ + "\r\n";
  for (const Header& header : headers_) text.append(header.name).append(": ").append(header.value).append("\r\n");
  return text.append("\r\n").append(body_);
}

std::string_view SipMessage::Method() const {
  return std::string_view(start_line_).substr(0, start_line_.find(' '));
}

int SipMessage::Status() const {
  int status = 0;
  if (start_line_.size() > 11) std::from_chars(start_line_.data() + 8, start_line_.data() + 11, status);
  return status;
}

std::vector<SipMessage::Header>::const_iterator SipMessage::Find(std::string_view name) const {
  return std::ranges::find_if(headers_, [name](const Header& header) { return SameName(header.name, name); });
}

std::optional<std::string> SipMessage::First(std::string_view name) const {
  const auto header = Find(name);
  if (header == headers_.end()) return std::nullopt;
  return std::string(Trim(std::string_view(header->value).substr(0, FindOutside(header->value, ","))));
}

std::string SipMessage::All(std::string_view name) const {
  std::string all;
  for (const Header& header : headers_) {
    if (SameName(header.name, name)) all.append(all.empty() ? "" : ", ").append(header.value);
  }
  return all;
}

std::optional<std::string> SipMessage::TakeFirst(std::string_view name) {
  const auto header = headers_.begin() + (Find(name) - headers_.cbegin());
  if (header == headers_.end()) return std::nullopt;
  const auto comma = FindOutside(header->value, ",");
  std::string first(Trim(std::string_view(header->value).substr(0, comma)));
  if (comma == std::string::npos) {
    headers_.erase(header);
  } else {
    header->value = std::string(Trim(std::string_view(header->value).substr(comma + 1)));
  }
  return first;
}

void SipMessage::Prepend(std::string_view name, std::string_view value) {
  headers_.insert(headers_.begin(), {.name = std::string(name), .value = std::string(value)});
}

SipMessage SipMessage::Answer(int status, std::string_view reason) const {
  SipMessage answer;
  answer.start_line_ = "SIP/2.0 " + std::to_string(status) + " " + std::string(reason);
  for (const std::string_view name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
    for (const Header& header : headers_) {
      if (SameName(header.name, name)) answer.headers_.push_back(header);
    }
  }
  for (Header& header : answer.headers_) {
    // Any tag will do: a stateless proxy gives the same answer again (s.8.2.7).
    if (SameName(header.name, "To") && !ParameterOf(header.value, "tag")) header.value += ";tag=edge";
  }
  answer.headers_.push_back({.name = "Content-Length", .value = "0"});
  return answer;
}

std::optional<std::string> ParameterOf(std::string_view value, std::string_view name) {
  for (auto semicolon = FindOutside(value, ";"); semicolon != std::string_view::npos;
       semicolon = FindOutside(value, ";")) {
    value.remove_prefix(semicolon + 1);
    std::string_view parameter = Trim(value.substr(0, FindOutside(value, ";,")));
    if (!SameName(Trim(TakeUntil(parameter, "=")), name)) continue;
    parameter = Trim(parameter);
    if (parameter.size() > 1 && parameter.front() == '"') parameter = parameter.substr(1, parameter.size() - 2);
    return std::string(parameter);
  }
  return std::nullopt;
}

std::optional<UriParts> UriOf(std::string_view value) {
  if (const auto open = FindOutside(value, "<"); open != std::string_view::npos) {
    value.remove_prefix(open + 1);
    value = value.substr(0, value.find('>'));
  }
  const std::string scheme = Lower(TakeUntil(value, ":"));
  if (scheme != "sip" && scheme != "sips") return std::nullopt;
  UriParts parts;
  if (const auto at = value.find('@'); at != std::string_view::npos) {
    parts.user = value.substr(0, std::min(at, value.find(':')));
    value.remove_prefix(at + 1);
  }
  parts.place = Lower(TakeUntil(value, ";"));
  if (parts.place.empty()) return std::nullopt;
  const auto colon = parts.place.rfind(':');
  const bool with_port = colon != std::string::npos && parts.place.find(']', colon) == std::string::npos;
  const bool tls = scheme == "sips" || Lower(value).find("transport=tls") != std::string::npos;
  if (!with_port) parts.place += tls ? ":5061" : ":5060";
  return parts;
}

}  // namespace flowbroker::edge_proxy
