#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace flowbroker::net {

/// A cursor over a DNS message. A read that would pass the end marks the reader as failed for good and gives zeros, so
/// that a caller may read a whole structure and ask ok() once.
class DnsWireReader {
 public:
  explicit DnsWireReader(std::span<const std::uint8_t> message, std::size_t offset = 0)
      : message_(message), offset_(offset), end_(message.size()) {}

  bool ok() const { return ok_; }
  std::size_t offset() const { return offset_; }
  bool at_end() const { return offset_ == end_; }

  std::uint8_t U8();
  std::uint16_t U16();
  std::uint32_t U32();
  std::span<const std::uint8_t> Octets(std::size_t count);
  std::string CharacterString();  ///< RFC 1035 s.3.3: one octet of length, then so many octets

  /// A name in text form without its trailing dot; the root is empty. Follows compression pointers, which must lead
  /// backwards each time. A label with a dot or a control character in it gives a text that is no DnsName.
  std::string Name();

  /// A reader of the next `count` octets alone (RDATA); names in it may still point back into the message.
  DnsWireReader Window(std::size_t count);

 private:
  bool Take(std::size_t count);
  void Fail() { ok_ = false; }

  std::span<const std::uint8_t> message_;
  std::size_t offset_;
  std::size_t end_;
  bool ok_ = true;
};

}  // namespace flowbroker::net
