#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/base/expected.h"
#include "broker/base/random_source.h"

namespace flowbroker::sip {

/// What stands in `+sip.instance`: a URN that names one user agent for all its life (O1; RFC 5626 s.4.1). A value type,
/// never empty. Kept in one form, so that two are equal exactly where RFC 8141 s.3.1 and RFC 9562 s.4 call the URNs
/// equivalent (B5): `urn`, the namespace, the digits of escapes and whole UUIDs in lower case; no r-, q- and
/// f-components.
class InstanceId {
 public:
  /// None in use is longer: a UUID's has 45 octets, one with an IMEI 32.
  static constexpr std::size_t kMaxLength = 256;

  /// Reads a URN (RFC 8141 s.2; UUIDs RFC 9562 s.4), without angle brackets. Fails with kInvalidArgument and what is
  /// wrong.
  static Expected<InstanceId> Parse(std::string_view urn);

  /// `urn:uuid:` with a fresh random UUID (version 4), for an instance that has none yet; the caller keeps it for good.
  static InstanceId Make(RandomSource& random);

  const std::string& text() const { return text_; }

  friend bool operator==(const InstanceId&, const InstanceId&) = default;
  friend auto operator<=>(const InstanceId&, const InstanceId&) = default;

 private:
  explicit InstanceId(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace flowbroker::sip

template <>
struct std::hash<flowbroker::sip::InstanceId> {
  std::size_t operator()(const flowbroker::sip::InstanceId& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
