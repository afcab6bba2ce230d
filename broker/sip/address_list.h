#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/base/expected.h"

namespace flowbroker::sip {

/// One value of a header field that lists addresses: Contact, Path, Route (RFC 3261 s.25.1). Views into the list.
struct ListedAddress {
  std::string_view display_name;  ///< as written, quotes included; empty when absent
  std::string_view uri;         ///< without angle brackets, never empty; printable, without blanks, quotes and brackets
  bool bracketed = false;       ///< `name-addr`, not a bare `addr-spec`
  std::string_view parameters;  ///< after the address: empty, or from the first ';' on
};

/// One parameter of a header field; views into the list.
struct HeaderParameter {
  std::string_view name;
  std::string_view value;  ///< of a quoted one what is between the quotes, escapes as written
  bool has_value = false;
  bool quoted = false;
  std::string_view text;  ///< all of it as written
};

/// `value` without the line ends that fold it, so that text taken from it never ends a header line. Fails with
/// kInvalidArgument where it is longer than `max_octets` or holds other control characters than blanks.
Expected<std::string> Unfold(std::string_view value, std::size_t max_octets, const char* field);

/// Walks a list of addresses from front to back. Total, linear, does not allocate but for a failure's text. Failures
/// are kInvalidArgument, with `field` as the field at fault.
///
///     AddressList list(text, "contact");
///     while (!list.AtEnd()) { const Expected<ListedAddress> address = list.Next(); ... }
class AddressList {
 public:
  /// `text` without line ends (see Unfold); an empty list is at its end.
  AddressList(std::string_view text, const char* field);

  bool AtEnd() const { return rest_.empty() && !after_comma_; }
  Expected<ListedAddress> Next();

 private:
  Unexpected Wrong(const char* what) const;
  Expected<ListedAddress> ReadAddress();
  Expected<std::string_view> ReadParameters();

  std::string_view rest_;
  const char* field_;
  bool after_comma_ = false;
};

/// Walks the parameters of one address; empty ones (";;") are passed over, as some user agents write them.
class HeaderParameters {
 public:
  HeaderParameters(std::string_view parameters, const char* field) : rest_(parameters), field_(field) {}

  /// The next one; nothing at the end.
  Expected<std::optional<HeaderParameter>> Next();

 private:
  std::string_view rest_;
  const char* field_;
};

}  // namespace flowbroker::sip
