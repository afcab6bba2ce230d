#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "broker/flow/flow_token.h"

namespace flowbroker::testing {

/// The key of the vectors: octets 0 to 19, under the id 7.
inline constexpr std::uint8_t kVectorKeyId = 7;
inline constexpr std::string_view kVectorKeyHex = "000102030405060708090a0b0c0d0e0f10111213";

struct TokenVector {
  flow::FlowAddresses flow;
  std::string_view token;
};

/// The table in proto/README.md; made with another implementation (Python's hmac, ipaddress and base64).
inline std::vector<TokenVector> TokenVectors() {
  const auto at = [](const char* address, std::uint16_t port) { return Endpoint{*IpAddress::Parse(address), port}; };
  const Endpoint ua4 = at("198.51.100.77", 49152);
  const Endpoint ua6 = at("2001:db8:ffff::4d", 49152);
  return {
      {{Transport::kUdp, at("192.0.2.1", 5060), ua4}, "6JGNkMvoVIoU1AcBwAACARPExjNkTcAA"},
      {{Transport::kTcp, at("192.0.2.1", 5060), ua4}, "xgYkqAzrUNxeEwcCwAACARPExjNkTcAA"},
      {{Transport::kTls, at("192.0.2.1", 5061), ua4}, "4QHj5sx5U0UaWQcDwAACARPFxjNkTcAA"},
      {{Transport::kUdp, at("2001:db8::1", 5060), ua6},
       "nfDQZMkfqX1CzgcBIAENuAAAAAAAAAAAAAAAARPEIAENuP__AAAAAAAAAAAATcAA"},
      {{Transport::kTcp, at("2001:db8::1", 5060), ua6},
       "IT43IUnnbFoZwAcCIAENuAAAAAAAAAAAAAAAARPEIAENuP__AAAAAAAAAAAATcAA"},
      {{Transport::kTls, at("2001:db8::1", 5061), ua6},
       "vkb7N9_7F2ZFEwcDIAENuAAAAAAAAAAAAAAAARPFIAENuP__AAAAAAAAAAAATcAA"},
  };
}

}  // namespace flowbroker::testing
