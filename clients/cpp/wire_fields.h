#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>

#include "clients/cpp/types.h"
#include "flowbroker/v1/types.pb.h"

// Fields that many messages have. Private to the *wire.cc files.
namespace flowbroker::client {

// Enums of the contract are open: a number this library does not know becomes kUnknown.
template <typename Enum>
Enum EnumFrom(int number, Enum last) {
  return number > 0 && number <= static_cast<int>(last) ? static_cast<Enum>(number) : Enum{};
}

inline Transport From(v1::Transport transport) {
  return EnumFrom(transport, Transport::kTls);
}
inline AddressFamily From(v1::AddressFamily family) {
  return EnumFrom(family, AddressFamily::kIpv6);
}

inline Duration From(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

inline void Set(Duration from, google::protobuf::Duration& to) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(from);
  to.set_seconds(seconds.count());
  to.set_nanos(static_cast<std::int32_t>((from - seconds).count()));
}

inline std::chrono::system_clock::time_point From(const google::protobuf::Timestamp& time) {
  const auto since_epoch = std::chrono::seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos());
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
}

inline Endpoint From(const v1::Endpoint& endpoint) {
  return {.address = endpoint.address(), .port = static_cast<std::uint16_t>(endpoint.port())};
}

}  // namespace flowbroker::client
