#include "broker/history/snapshot_reader.h"

#include <algorithm>
#include <array>

#include "broker/history/snapshot_writer.h"

namespace flowbroker::history {

std::span<const std::uint8_t> SnapshotReader::Take(std::size_t count) {
  if (!ok()) return {};
  if (count > left()) {
    Refuse("it ends in the middle of a value");
    return {};
  }
  position_ += count;
  return octets_.subspan(position_ - count, count);
}

void SnapshotReader::Refuse(const std::string& what) {
  if (ok()) failure_ = "octet " + std::to_string(position_) + ": " + what;
}

void SnapshotReader::operator()(bool& value) {
  std::uint8_t octet = 0;
  (*this)(octet);
  if (octet > 1) return Refuse("neither yes nor no");
  value = octet == 1;
}

void SnapshotReader::operator()(float& weight) {
  std::uint32_t bits = 0;
  (*this)(bits);
  const auto number = std::bit_cast<float>(bits);
  if (!(number >= 0 && number <= kMaxWeight)) return Refuse("a weight that evidence cannot have");  // NaN too
  weight = number;
}

void SnapshotReader::operator()(Duration& value) {
  std::int64_t count = 0;
  (*this)(count);
  if (count < 0 || Duration(count) > SnapshotWriter::kMaxAge) return Refuse("a time that took more than ten years");
  value = Duration(count);
}

void SnapshotReader::operator()(TimePoint& value) {
  std::int64_t age = 0;
  (*this)(age);
  if (age == SnapshotWriter::kNeverAge) {
    value = kNever;
    return;
  }
  if (Duration(age) > SnapshotWriter::kMaxAge || Duration(age) < -SnapshotWriter::kMaxAge) {
    return Refuse("a time more than ten years away");
  }
  value = taken_ - Duration(age);
}

void SnapshotReader::operator()(std::string& text) {
  std::uint8_t size = 0;
  (*this)(size);
  const auto octets = Take(size);
  text.assign(octets.begin(), octets.end());
}

void SnapshotReader::operator()(FailureReason& reason) {
  std::string name;
  (*this)(name);
  if (!ok()) return;
  for (int number = 0; number <= static_cast<int>(FailureReason::kInternal); ++number) {
    if (ToString(static_cast<FailureReason>(number)) != name) continue;
    reason = static_cast<FailureReason>(number);
    return;
  }
  Refuse("a failure reason that this broker does not know");
}

void SnapshotReader::operator()(Transport& transport) {
  ReadEnum(transport, Transport::kTls, "transport");
}

void SnapshotReader::operator()(AddressFamily& family) {
  ReadEnum(family, AddressFamily::kIpv6, "address family");
}

void SnapshotReader::operator()(Reachability& reachability) {
  ReadEnum(reachability, Reachability::kUnreachable, "reachability");
}

void SnapshotReader::operator()(IpAddress& address) {
  AddressFamily family{};
  (*this)(family);
  if (family == AddressFamily::kIpv4) {
    std::array<std::uint8_t, 4> octets{};
    std::ranges::copy(Take(octets.size()), octets.begin());
    address = IpAddress::FromIpv4(octets);
  } else {
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(Take(octets.size()), octets.begin());
    address = IpAddress::FromIpv6(octets);
  }
}

}  // namespace flowbroker::history
