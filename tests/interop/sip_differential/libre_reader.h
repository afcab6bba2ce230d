#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// libre (the SIP stack of baresip) behind plain values; libre's header stays in libre_reader.cc.
namespace flowbroker::interop {

struct LibreUri {
  std::string scheme;
  std::string user;
  std::string host;  ///< IPv6 without brackets
  std::uint16_t port = 0;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string headers;  ///< with the '?'
};

/// Nothing where libre refuses the text.
std::optional<LibreUri> ReadUriWithLibre(std::string_view text);

struct LibreMessage {
  bool is_request = false;
  std::uint16_t status_code = 0;
  std::string method;  ///< start line of requests, CSeq of responses
  std::string request_uri;
  std::string call_id;
  std::string via;
  std::string via_branch;
  std::string content_length;  ///< as written; empty when absent
  std::size_t header_bytes = 0;
};

/// Nothing where libre refuses the message.
std::optional<LibreMessage> ReadMessageWithLibre(std::string_view message);

}  // namespace flowbroker::interop
