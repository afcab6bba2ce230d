#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "clients/cpp/types.h"

namespace flowbroker::client {

/// The gRPC status codes, so that users need no gRPC header.
enum class Code : std::uint8_t {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// "DEADLINE_EXCEEDED".
std::string_view ToString(Code code);

/// Failure names this library adds to those of the broker.
inline constexpr std::string_view kBrokerUnreachable = "broker_unreachable";  ///< no connection to the broker, or lost
inline constexpr std::string_view kQueueFull = "queue_full";                  ///< RelayStream::Send: wait, then retry
inline constexpr std::string_view kStreamClosed = "stream_closed";            ///< the stream has ended: open a new one

/// Why a call gave nothing.
struct Error {
  Code code = Code::kUnknown;
  std::string failure;                        ///< stable name such as "tls_timed_out"; may be empty
  std::string message;                        ///< for people: what happened and what to do
  std::string field = {};                     ///< request field at fault, such as "destination.uri"; empty: none
  std::optional<Trace> trace = std::nullopt;  ///< the story so far, where the broker told one

  /// "UNAVAILABLE: tls_timed_out: ...".
  std::string ToString() const;
};

/// A value or the reason there is none. This library throws nothing.
template <typename T>
using Result = tl::expected<T, Error>;

}  // namespace flowbroker::client
