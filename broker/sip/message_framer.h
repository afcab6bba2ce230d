#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/base/failure.h"

namespace flowbroker::sip {

// Keep-alives between the messages of a stream (RFC 5626 s.4.4.1).
inline constexpr std::string_view kPingOctets = "\r\n\r\n";
inline constexpr std::string_view kPongOctets = "\r\n";

struct FramerLimits {
  /// Start line and headers together; real messages stay under 8 KB, diversion-heavy ones under 32 KB.
  std::size_t max_header_bytes = std::size_t{64} * 1024;
  /// Body by Content-Length; SIP bodies are SDP, pictures in MESSAGE stay under 1 MB.
  std::size_t max_body_bytes = std::size_t{1024} * 1024;
  /// Takes STUN messages between SIP messages (E6). Only where STUN may come: on connections of an edge listener, and
  /// where STUN is the keep-alive. Elsewhere they are what they are to a SIP peer: garbage.
  bool stun = false;
};

/// Cuts the byte stream of a TCP or TLS flow into SIP messages by Content-Length (RFC 3261 s.18.3) and skips CRLF
/// keep-alives between them (RFC 5626 s.4.4.1), and STUN where that is wanted. Pure; one per stream; not thread-safe.
/// Holds memory only while a message is incomplete: an idle flow costs no buffer. Work is linear in the octets
/// appended, however they are cut.
///
///     framer.Append(bytes);
///     while (auto item = framer.Next()) { ... }   // item->bytes is valid until the next call of Append or Compact
///     if (framer.failure()) close the flow
class MessageFramer {
 public:
  explicit MessageFramer(const FramerLimits& limits);

  enum class Kind {
    kMessage,  ///< a complete SIP message
    kPing,     ///< CRLF CRLF between messages: the peer asks whether we live
    kPong,     ///< a single CRLF between messages: the answer to our ping. A ping torn exactly in its middle shows as
               ///< two of these: waiting for a second CRLF would delay every pong for ever
    kStun,     ///< a whole STUN message by its length, not read any further; with FramerLimits::stun only
  };
  struct Item {
    Kind kind;
    std::string_view bytes;  ///< lies in the appended bytes where it came whole, otherwise in the framer
  };

  /// Adds received bytes. Keeps a view of them until the next Append where nothing was left over from before, so
  /// `bytes` must stay valid until Next() returned nothing or Compact() was called.
  void Append(std::string_view bytes);

  /// The next complete item, or nothing when more bytes are needed or the stream is broken.
  std::optional<Item> Next();

  /// Copies what is left of the appended bytes into own memory, so that the caller may reuse its receive buffer.
  /// Frees all memory where nothing is left. Only needed when the caller stops before Next() returned nothing, and to
  /// give back memory before a long pause.
  void Compact();

  /// Set once the stream cannot be read any further: kMalformedMessage or kMessageTooLarge, with what was wrong.
  /// Composed on demand, so that a healthy stream holds no text.
  std::optional<Failure> failure() const;

  /// Octets held for an incomplete message.
  std::size_t buffered() const { return Unread().size(); }

 private:
  enum class Defect : std::uint8_t {
    kNone,               // the stream is fine
    kBadStun,            // no STUN message after the first octet of one
    kNotSip,             // no start line where one must be
    kBrokenHeader,       // header lines that cannot be told apart
    kNoContentLength,    // mandatory on streams (RFC 3261 s.20.14)
    kBadContentLength,   // not a number
    kTwoContentLengths,  // several that differ
    kHeaderTooLarge,     // over max_header_bytes
    kBodyTooLarge,       // over max_body_bytes
  };

  std::string_view Unread() const;
  std::optional<Item> TakeItem();
  std::optional<Item> TakeKeepAlive();
  std::optional<Item> TakeStun();
  Item Take(Kind kind, std::size_t octets);
  bool ReadHead();
  bool FindEndOfHead(std::string_view head);
  void ReadFields(std::string_view head);
  void Fail(Defect defect);
  void Hold();
  void DropConsumed();

  std::size_t max_header_bytes_;
  std::size_t max_body_bytes_;
  std::string held_;               // left over from earlier Appends
  std::size_t held_consumed_ = 0;  // octets of held_ that were handed out
  std::string_view borrowed_;      // the caller's bytes not yet handed out; used while held_ is empty
  std::size_t scanned_ = 0;        // octets of the message already searched for the end of its head
  std::size_t message_bytes_ = 0;  // whole length of the message; 0 until its head was read
  bool start_line_read_ = false;   // the message's first line is complete and one of SIP/2.0
  Defect defect_ = Defect::kNone;
  bool takes_stun_;
};

}  // namespace flowbroker::sip
