#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/base/ip_prefix.h"
#include "broker/base/transport.h"
#include "broker/engine/history_query.h"
#include "flowbroker/v1/types.pb.h"

// Fields of requests, one at a time. Failures are kInvalidArgument and name the field as callers write it.
namespace flowbroker::rpc {

inline constexpr std::size_t kMaxHost = 255;      ///< octets of a host name in a request
inline constexpr std::size_t kMaxInterface = 15;  ///< IFNAMSIZ without the final zero

Unexpected FieldError(std::string field, std::string what);

/// Text of at most `max` octets without a zero among them.
Expected<std::string> Text(const std::string& text, std::size_t max, const char* field);
/// The same into `out`, which is empty.
Expected<void> ReadText(const std::string& text, std::size_t max, const char* field, std::string& out);

/// Empty: none.
Expected<std::optional<IpAddress>> OptionalAddress(const std::string& text, const char* field);

/// Zero: none.
Expected<std::optional<std::uint16_t>> OptionalPort(std::uint32_t port, const char* field);

Expected<Transport> RequiredTransport(v1::Transport transport, const char* field);
Expected<std::optional<Transport>> OptionalTransport(v1::Transport transport, const char* field);
Expected<std::optional<AddressFamily>> OptionalFamily(v1::AddressFamily family, const char* field);

/// Rows of one page: `usual` where zero, at most 1000.
Expected<std::size_t> PageSize(std::uint32_t page_size, std::size_t usual);

/// A name or an address as "host" fields take it.
Expected<engine::Host> RequiredHost(const std::string& text, const char* field);

/// "192.0.2.0/24". Host bits must be zero: who writes them may mean less than the prefix.
Expected<IpPrefix> RequiredPrefix(const std::string& text, const char* field);

}  // namespace flowbroker::rpc
