#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flowbroker::edge_proxy {

/// What a proxy reads and edits of a SIP message: the start line and the header fields. Bodies pass through. Everything
/// else stays as it came, in its order. The broker hands out complete messages; what is inside them may be anything.
class SipMessage {
 public:
  /// Nothing where it is not a SIP message: no start line, or a line that is no header field.
  static std::optional<SipMessage> Parse(std::string_view text);
  std::string Text() const;

  bool IsRequest() const { return !start_line_.starts_with("SIP/2.0 "); }
  std::string_view Method() const;  ///< of a request
  int Status() const;               ///< of a response; 0 where it is no number

  /// The first value of a header field; of several joined by commas the first one. Names as in the RFCs, in any case.
  std::optional<std::string> First(std::string_view name) const;
  /// All values, joined by commas; "" where there are none.
  std::string All(std::string_view name) const;
  /// The first value, and takes it out.
  std::optional<std::string> TakeFirst(std::string_view name);
  /// A value before all others of that name.
  void Prepend(std::string_view name, std::string_view value);

  /// A response to this request, made by the proxy itself (RFC 3261 s.8.2.6).
  SipMessage Answer(int status, std::string_view reason) const;

 private:
  struct Header {
    std::string name;  ///< in its long form
    std::string value;
  };

  std::vector<Header>::const_iterator Find(std::string_view name) const;

  std::string start_line_;
  std::vector<Header> headers_;
  std::string body_;
};

/// A parameter of a header field value, without quotes; "" where it has no value. `value` without the part in "<>".
std::optional<std::string> ParameterOf(std::string_view value, std::string_view name);

/// Where a URI points: "sip:token@192.0.2.1:5060;lr" has the user "token" and the place "192.0.2.1:5060".
struct UriParts {
  std::string user;   ///< without a password
  std::string place;  ///< host and port, in lower case; the port is never left out
};

/// Of "<sip:...>", with a name before it and parameters after it, or of a bare URI. Nothing where it is no SIP URI.
std::optional<UriParts> UriOf(std::string_view value);

}  // namespace flowbroker::edge_proxy
