#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "clients/cpp/types.h"

namespace flowbroker::cli {

/// The branch of an OPTIONS for `token`, RFC 3261 s.8.1.1.7.
std::string BranchFor(std::string_view token);

/// An OPTIONS request for `uri` (RFC 3261 s.11) that names the local end of `flow`. `token`, random and URL-safe, makes
/// branch, tag and Call-ID.
std::string WriteOptions(std::string_view uri, const client::AcquiredFlow& flow, std::string_view token);

struct StatusLine {
  int code;
  std::string reason;
};

/// The status line of a response; nothing for a request or for what is not SIP.
std::optional<StatusLine> ParseStatusLine(std::string_view message);

/// Whether `message` is a response to the request with this branch.
bool IsResponseTo(std::string_view message, std::string_view branch);

}  // namespace flowbroker::cli
