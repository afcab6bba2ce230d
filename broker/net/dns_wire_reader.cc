#include "broker/net/dns_wire_reader.h"

namespace flowbroker::net {
namespace {

constexpr std::size_t kMaxNameOctets = 255;  // RFC 1035 s.2.3.4, length octets included
constexpr std::size_t kMaxLabelOctets = 63;
constexpr std::size_t kMaxNameSteps = 255;  // 127 labels with a pointer before each: bounds chains of bare pointers
constexpr std::uint8_t kPointerMark = 0xc0;

// A dot inside a label would look like two labels in text form; "\." keeps the text from being read as another name.
void AppendLabel(std::string& text, std::span<const std::uint8_t> label) {
  if (!text.empty()) text += '.';
  for (const std::uint8_t octet : label) {
    if (octet == '.') text += '\\';
    text += static_cast<char>(octet);
  }
}

}  // namespace

bool DnsWireReader::Take(std::size_t count) {
  if (!ok_ || count > end_ - offset_) {
    Fail();
    return false;
  }
  offset_ += count;
  return true;
}

std::uint8_t DnsWireReader::U8() {
  return Take(1) ? message_[offset_ - 1] : std::uint8_t{0};
}

std::uint16_t DnsWireReader::U16() {
  const unsigned high = U8();
  return static_cast<std::uint16_t>(high << 8U | U8());
}

std::uint32_t DnsWireReader::U32() {
  const std::uint32_t high = U16();
  return high << 16U | U16();
}

std::span<const std::uint8_t> DnsWireReader::Octets(std::size_t count) {
  if (!Take(count)) return {};
  return message_.subspan(offset_ - count, count);
}

std::string DnsWireReader::CharacterString() {
  const auto octets = Octets(U8());
  return {octets.begin(), octets.end()};
}

DnsWireReader DnsWireReader::Window(std::size_t count) {
  DnsWireReader window(message_, offset_);
  window.ok_ = Take(count);
  window.end_ = offset_;
  return window;
}

std::string DnsWireReader::Name() {
  std::string text;
  std::size_t octets = 1;                // of the name in wire form; the root label is one
  DnsWireReader cursor = *this;          // walks the labels, wherever they are
  std::size_t segment_start = offset_;   // a pointer must lead to before this, so the walk ends
  std::optional<std::size_t> resume_at;  // behind the first pointer
  for (std::size_t steps = 0; steps < kMaxNameSteps; ++steps) {
    const std::uint8_t length = cursor.U8();
    if (!cursor.ok_) break;
    if (length == 0) {
      offset_ = resume_at.value_or(cursor.offset_);
      return text;
    }
    if ((length & kPointerMark) == kPointerMark) {
      const std::size_t destination = std::size_t{length & 0x3fU} << 8U | cursor.U8();
      if (!cursor.ok_ || destination >= segment_start) break;
      if (!resume_at) resume_at = cursor.offset_;
      cursor = DnsWireReader(message_, destination);
      segment_start = destination;
      continue;
    }
    octets += std::size_t{1} + length;
    if (length > kMaxLabelOctets || octets > kMaxNameOctets) break;
    AppendLabel(text, cursor.Octets(length));
  }
  Fail();
  return {};
}

}  // namespace flowbroker::net
