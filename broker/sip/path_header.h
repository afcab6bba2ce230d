#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/expected.h"

namespace flowbroker::sip {

/// No registration has passed more proxies that want to be on the way back, and no Path is longer in octets.
inline constexpr std::size_t kMaxPathUris = 16;
inline constexpr std::size_t kMaxPathOctets = 8192;

/// The URIs of a Path field (RFC 3327 s.4), each as written, without angle brackets. The topmost one, of the proxy
/// nearest to the registrar, comes first; the last one is the edge proxy's. In this order they become the Route of a
/// request to the binding. No RFC defines a parameter beside the URI; such are passed over.
struct PathHeader {
  std::vector<std::string> uris;  ///< never empty

  /// The user part of the topmost URI, escapes as written, where a proxy finds its flow token (E1); nothing where that
  /// is no SIP URI or has none.
  std::optional<std::string> TopUser() const;
};

/// Reads all values of a Path field; several fields are one after joining them with commas (RFC 3261 s.7.3.1). Linear.
/// Fails with kInvalidArgument, saying what is wrong.
Expected<PathHeader> ReadPath(std::string_view value);

}  // namespace flowbroker::sip
