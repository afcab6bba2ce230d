#include "broker/flow/flow_token.h"

#include <algorithm>

#include "broker/base/base64url.h"
#include "broker/base/constant_time.h"

namespace flowbroker::flow {
namespace {

constexpr std::size_t kTagOctets = std::tuple_size_v<TokenTag>;
constexpr std::size_t kPortOctets = 2;

constexpr std::size_t TokenOctets(std::size_t address_octets) {
  return kTagOctets + 2 + 2 * (address_octets + kPortOctets);
}

constexpr std::size_t kIpv4Octets = TokenOctets(4);
constexpr std::size_t kIpv6Octets = TokenOctets(16);
constexpr std::size_t kIpv4Characters = 32;
constexpr std::size_t kIpv6Characters = 64;
static_assert(Base64UrlLength(kIpv4Octets) == kIpv4Characters, "E3");
static_assert(Base64UrlLength(kIpv6Octets) == kIpv6Characters);

using TokenBuffer = std::array<std::uint8_t, kIpv6Octets>;

/// The enumeration on the wire; fixed for ever, as tokens outlive releases.
std::uint8_t TransportCode(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return 1;
    case Transport::kTcp:
      return 2;
    case Transport::kTls:
      return 3;
  }
  __builtin_unreachable();
}

std::optional<Transport> TransportOf(std::uint8_t code) {
  for (const Transport transport : {Transport::kUdp, Transport::kTcp, Transport::kTls}) {
    if (TransportCode(transport) == code) return transport;
  }
  return std::nullopt;
}

std::uint8_t* Write(const Endpoint& endpoint, std::uint8_t* to) {
  to = std::ranges::copy(endpoint.address.octets(), to).out;
  *to++ = static_cast<std::uint8_t>(endpoint.port >> 8U);
  *to++ = static_cast<std::uint8_t>(endpoint.port);
  return to;
}

template <std::size_t N>
std::array<std::uint8_t, N> Copy(std::span<const std::uint8_t> octets) {
  std::array<std::uint8_t, N> copy{};
  std::copy_n(octets.begin(), N, copy.begin());
  return copy;
}

/// @pre 6 or 18 octets
Endpoint ReadEndpoint(std::span<const std::uint8_t> octets) {
  const auto address = octets.first(octets.size() - kPortOctets);
  const auto port = octets.last(kPortOctets);
  return {
      .address = address.size() == 4 ? IpAddress::FromIpv4(Copy<4>(address)) : IpAddress::FromIpv6(Copy<16>(address)),
      .port = static_cast<std::uint16_t>(port[0] << 8U | port[1])};
}

}  // namespace

std::string_view ToString(TokenDefect defect) {
  switch (defect) {
    case TokenDefect::kMalformed:
      return "malformed";
    case TokenDefect::kUnknownKey:
      return "unknown_key";
    case TokenDefect::kForged:
      return "forged";
  }
  __builtin_unreachable();
}

Expected<std::string> MintToken(const FlowAddresses& flow, std::uint8_t key_id, const TokenMac& mac) {
  if (flow.local.address.family() != flow.remote.address.family()) {
    return Unexpected({FailureReason::kInvalidArgument, "a flow token needs two addresses of one family"});
  }
  TokenBuffer buffer;
  std::uint8_t* end = buffer.data() + kTagOctets;
  *end++ = key_id;
  *end++ = TransportCode(flow.transport);
  end = Write(flow.remote, Write(flow.local, end));
  const std::span octets(buffer.data(), end);
  const auto tag = mac.HmacSha1_80(key_id, octets.subspan(kTagOctets));
  if (!tag) return Unexpected({FailureReason::kInvalidArgument, "no token key " + std::to_string(key_id)});
  std::ranges::copy(*tag, buffer.begin());
  return EncodeBase64Url(octets);
}

tl::expected<FlowAddresses, TokenDefect> ReadToken(std::string_view token, const TokenMac& mac) {
  if (token.size() != kIpv4Characters && token.size() != kIpv6Characters)
    return tl::unexpected(TokenDefect::kMalformed);
  TokenBuffer buffer;
  const std::span octets(buffer.data(), token.size() == kIpv4Characters ? kIpv4Octets : kIpv6Octets);
  if (!DecodeBase64Url(token, octets)) return tl::unexpected(TokenDefect::kMalformed);
  const auto signed_part = octets.subspan(kTagOctets);
  const auto transport = TransportOf(signed_part[1]);
  if (!transport) return tl::unexpected(TokenDefect::kMalformed);
  const auto tag = mac.HmacSha1_80(signed_part[0], signed_part);
  if (!tag) return tl::unexpected(TokenDefect::kUnknownKey);
  if (!EqualInConstantTime(*tag, octets.first(kTagOctets))) return tl::unexpected(TokenDefect::kForged);
  const auto endpoints = signed_part.subspan(2);
  return FlowAddresses{.transport = *transport,
                       .local = ReadEndpoint(endpoints.first(endpoints.size() / 2)),
                       .remote = ReadEndpoint(endpoints.last(endpoints.size() / 2))};
}

}  // namespace flowbroker::flow
