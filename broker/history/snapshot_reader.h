#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "broker/base/failure.h"
#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/base/transport.h"
#include "broker/history/verdict.h"

namespace flowbroker::history {

/// Reads what SnapshotWriter wrote, value by value, and never beyond the octets it was given. After the first thing
/// that is wrong nothing more is read: `failure` says what and where, and the values mean nothing.
class SnapshotReader {
 public:
  /// More than any evidence weighs, far less than what makes probabilities meaningless.
  static constexpr float kMaxWeight = 1e9F;

  /// Begins at `position`. `octets` outlive the reader. An age of zero becomes `taken`.
  /// @pre position <= octets.size()
  SnapshotReader(std::span<const std::uint8_t> octets, std::size_t position, TimePoint taken = {})
      : octets_(octets), position_(position), taken_(taken) {}

  void operator()(bool& value);
  void operator()(float& weight);    ///< from 0 to kMaxWeight
  void operator()(Duration& value);  ///< from 0 to SnapshotWriter::kMaxAge
  void operator()(TimePoint& value);
  void operator()(std::string& text);
  void operator()(FailureReason& reason);
  void operator()(Transport& transport);
  void operator()(AddressFamily& family);
  void operator()(Reachability& reachability);
  void operator()(IpAddress& address);

  template <std::integral Number>
  void operator()(Number& value) {
    std::uint64_t bits = 0;
    const auto octets = Take(sizeof value);
    for (std::size_t i = 0; i < octets.size(); ++i) bits |= std::uint64_t{octets[i]} << (8 * i);
    if (!octets.empty()) value = static_cast<Number>(bits);
  }

  /// Notes that the value just read makes no sense, unless something was wrong before.
  void Refuse(const std::string& what);

  bool ok() const { return failure_.empty(); }
  const std::string& failure() const { return failure_; }  ///< "octet 57: address family 9 is none"
  std::size_t left() const { return octets_.size() - position_; }

 private:
  /// The next `count` octets; none where there are not so many.
  std::span<const std::uint8_t> Take(std::size_t count);

  /// Reads an enumerator out of those up to `last`.
  template <typename Enum>
  void ReadEnum(Enum& value, Enum last, const char* what) {
    std::uint8_t number = 0;
    (*this)(number);
    if (number > static_cast<std::uint8_t>(last)) return Refuse(what + (" " + std::to_string(number)) + " is none");
    value = static_cast<Enum>(number);
  }

  std::span<const std::uint8_t> octets_;
  std::size_t position_;
  TimePoint taken_;
  std::string failure_;
};

}  // namespace flowbroker::history
