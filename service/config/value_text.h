#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/base/transport.h"
#include "service/config/service_config.h"

namespace flowbroker::config {

/// Text to value for every type a setting can have. Fails with kInvalidArgument and says what was expected.
/// The output parameter only chooses the overload; it is left alone on failure.
Expected<void> ParseValue(std::string_view text, bool& value);         ///< on|off, true|false, yes|no
Expected<void> ParseValue(std::string_view text, int& value);          ///< decimal
Expected<void> ParseValue(std::string_view text, std::size_t& value);  ///< decimal, or with K, M, G (1024-based)
Expected<void> ParseValue(std::string_view text, Duration& value);     ///< "200ms", "5s", "10m", "1h"; "0"
Expected<void> ParseValue(std::string_view text, std::string& value);  ///< as it is
Expected<void> ParseValue(std::string_view text, flow::KeepAliveMethod& value);
Expected<void> ParseValue(std::string_view text, LogLevel& value);                  ///< error|warn|info
Expected<void> ParseValue(std::string_view text, std::vector<std::string>& value);  ///< comma-separated
Expected<void> ParseValue(std::string_view text, std::vector<Endpoint>& value);     ///< "127.0.0.1:5300,[::1]"; port 53
Expected<void> ParseValue(std::string_view text, std::vector<Transport>& value);    ///< "tls,tcp,udp"
Expected<void> ParseValue(std::string_view text, std::vector<location::EgressRule>& value);  ///< EgressRule::Parse
Expected<void> ParseValue(std::string_view text, std::vector<flow::EdgeListener>& value);
Expected<void> ParseValue(std::string_view text, std::vector<std::uint32_t>& value);  ///< "1000,1001"

/// The value as text that parses to it again; for `--help`.
std::string ValueText(bool value);
std::string ValueText(int value);
std::string ValueText(std::size_t value);
std::string ValueText(Duration value);
std::string ValueText(const std::string& value);
std::string ValueText(LogLevel value);
std::string ValueText(flow::KeepAliveMethod value);
std::string ValueText(const std::vector<std::string>& value);
std::string ValueText(const std::vector<Endpoint>& value);
std::string ValueText(const std::vector<Transport>& value);
std::string ValueText(const std::vector<location::EgressRule>& value);
std::string ValueText(const std::vector<flow::EdgeListener>& value);
std::string ValueText(const std::vector<std::uint32_t>& value);

/// "127.0.0.1:5300", "[::1]:53", "192.0.2.1" or "2001:db8::1" (then `default_port`).
Expected<Endpoint> ParseEndpoint(std::string_view text, std::uint16_t default_port);

/// "0660": permissions in octal, without those of set-uid and the like.
Expected<unsigned> ParseFileMode(std::string_view text);

/// "127.0.0.1:7461"; port 0 lets the kernel choose.
Expected<Endpoint> ParseListenEndpoint(std::string_view text);

}  // namespace flowbroker::config
