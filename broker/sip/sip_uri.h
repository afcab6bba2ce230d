#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/transport.h"

namespace flowbroker::sip {

/// The parts of a SIP or SIPS URI (RFC 3261 s.19.1, grammar s.25.1) that decide where a request goes, and the rest kept
/// as text. A value type.
struct SipUri {
  /// No URI is longer: a Request-URI beyond this is an attack or a defect.
  static constexpr std::size_t kMaxLength = 4096;

  bool secure = false;  ///< `sips:`
  std::string user;     ///< escaped form as written, without password; empty when absent
  std::string host;     ///< lower case, no trailing dot; IPv6 in RFC 5952 form without brackets
  std::optional<std::uint16_t> port;
  std::optional<Transport> transport;  ///< `transport=udp|tcp|tls`
  std::optional<std::string> maddr;    ///< overrides `host` for locating (RFC 3263 s.4); in the form of `host`
  std::string parameters;              ///< all of them as written, each with its ';'; `transport` and `maddr` included
  std::string headers;                 ///< after '?', as written; empty when absent

  /// `parameters` one by one. Names in lower case and without needless escapes, values as written; the value is empty
  /// where there is none.
  std::vector<std::pair<std::string, std::string>> EachParameter() const;

  /// Reads a URI. On failure the reason is kInvalidArgument and the detail says what is wrong and where (octet offset).
  /// A scheme other than sip/sips and a transport other than udp/tcp/tls are failures here: we could not serve them.
  /// Whether scheme and transport go together (`sips:` and UDP do not) is for the locator to say.
  static Expected<SipUri> Parse(std::string_view text);

  /// The URI as text that parses to an equal value.
  std::string ToString() const;

  friend bool operator==(const SipUri&, const SipUri&) = default;
};

}  // namespace flowbroker::sip
