#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "broker/base/expected.h"

namespace flowbroker::admin {

/// The secret that whoever calls or drains over HTTP must show (RFC 6750). Only its digest is kept, and compared in
/// constant time; the text is never logged and never part of an error.
class BearerToken {
 public:
  /// The first line of a file, without blanks around it. At least 16 characters (a shorter one can be guessed), all of
  /// them of RFC 6750's b64token alphabet: what a header can carry.
  static Expected<BearerToken> Read(const std::string& path);
  static Expected<BearerToken> Parse(std::string_view text);

  /// Whether `authorization` is "Bearer <this token>".
  bool Matches(std::string_view authorization) const;

 private:
  using Digest = std::array<std::uint8_t, 32>;  // SHA-256
  explicit BearerToken(const Digest& digest) : digest_(digest) {}
  static Digest DigestOf(std::string_view text);

  Digest digest_;
};

}  // namespace flowbroker::admin
