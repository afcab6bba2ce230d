#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "broker/base/failure.h"

namespace flowbroker::sip {

struct FramerLimits {
  /// Start line and headers together; real messages stay under 8 KB, diversion-heavy ones under 32 KB.
  std::size_t max_header_bytes = 64 * 1024;
  /// Body by Content-Length; SIP bodies are SDP, pictures in MESSAGE stay under 1 MB.
  std::size_t max_body_bytes = 1024 * 1024;
};

/// Cuts the byte stream of a TCP or TLS flow into SIP messages by Content-Length (RFC 3261 s.18.3) and skips CRLF
/// keep-alives between them (RFC 5626 s.4.4.1). Pure; one per stream; not thread-safe. Holds memory only while a
/// message is incomplete: an idle flow costs no buffer.
///
///     framer.Append(bytes);
///     while (auto item = framer.Next()) { ... }   // item->bytes is valid until the next call of Append
///     if (framer.failure()) close the flow
class MessageFramer {
 public:
  explicit MessageFramer(const FramerLimits& limits);

  enum class Kind {
    kMessage,  ///< a complete SIP message
    kPing,     ///< CRLF CRLF between messages: the peer asks whether we live
    kPong,     ///< a single CRLF between messages: the answer to our ping
  };
  struct Item {
    Kind kind;
    std::string_view bytes;
  };

  /// Adds received bytes. Keeps a view of them until the next Append where nothing was left over from before, so
  /// `bytes` must stay valid until Next() returned nothing or Compact() was called.
  void Append(std::string_view bytes);

  /// The next complete item, or nothing when more bytes are needed or the stream is broken.
  std::optional<Item> Next();

  /// Copies what is left of the appended bytes into own memory, so that the caller may reuse its receive buffer.
  /// Frees all memory where nothing is left.
  void Compact();

  /// Set once the stream cannot be read any further: kMalformedMessage or kMessageTooLarge, with what was wrong.
  const std::optional<Failure>& failure() const { return failure_; }

  /// Octets held for an incomplete message.
  std::size_t buffered() const;

 private:
  FramerLimits limits_;
  std::string held_;         // left over from earlier Appends
  std::string_view unread_;  // what Next() looks at: into held_ or the caller's bytes
  std::optional<Failure> failure_;
  std::size_t scanned_ = 0;  // octets of unread_ already searched for the end of the headers, so that a slow peer
                             // that sends one octet at a time costs linear work
};

}  // namespace flowbroker::sip
