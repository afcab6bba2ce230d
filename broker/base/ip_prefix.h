#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/base/ip_address.h"

namespace flowbroker {

/// The addresses of one family that agree in their first bits. A value type.
struct IpPrefix {
  IpAddress address;  ///< host bits are zero
  int bits;           ///< 0 to 32 or 128

  /// The prefix of that length that `inside` is in.
  static IpPrefix Of(const IpAddress& inside, int bits);

  /// Reads "192.0.2.0/24" or "2001:db8::/48"; nothing for anything else. Host bits are cleared: compare `address` with
  /// the text where they matter.
  static std::optional<IpPrefix> Parse(std::string_view text);

  bool Contains(const IpAddress& other) const;
  /// Whether one of the two contains the other.
  bool Overlaps(const IpPrefix& other) const;

  /// "192.0.2.0/24".
  std::string ToString() const { return address.ToString() + "/" + std::to_string(bits); }

  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

}  // namespace flowbroker
