#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/base/transport.h"
#include "broker/history/verdict.h"

namespace flowbroker::history {

/// Writes the values of a snapshot, little-endian, in the order it is called. The mirror of SnapshotReader: one list of
/// fields (snapshot_fields.h) serves both.
class SnapshotWriter {
 public:
  /// Longest age, and time taken, that is written as it is: far beyond any lifetime, far below what overflows.
  static constexpr Duration kMaxAge = std::chrono::hours(24 * 365 * 10);
  /// Stands for kNever where an age is written.
  static constexpr std::int64_t kNeverAge = INT64_MIN;

  /// `taken`: the moment that ages are relative to.
  explicit SnapshotWriter(TimePoint taken) : taken_(taken) {}

  void operator()(bool value) { octets_.push_back(value ? 1 : 0); }

  template <std::unsigned_integral Number>
  void operator()(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) octets_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  template <std::signed_integral Number>
  void operator()(Number value) {
    (*this)(static_cast<std::make_unsigned_t<Number>>(value));
  }

  void operator()(float value) { (*this)(std::bit_cast<std::uint32_t>(value)); }
  void operator()(Duration value) { (*this)(std::int64_t{std::clamp(value, Duration::zero(), kMaxAge).count()}); }

  void operator()(TimePoint value) {
    const Duration age = value < taken_ - kMaxAge ? kMaxAge : value > taken_ + kMaxAge ? -kMaxAge : taken_ - value;
    (*this)(value == kNever ? kNeverAge : std::int64_t{age.count()});
  }

  /// At most 255 octets of it.
  void operator()(std::string_view text) {
    text = text.substr(0, 255);
    (*this)(static_cast<std::uint8_t>(text.size()));
    octets_.insert(octets_.end(), text.begin(), text.end());
  }

  /// By name, so that a new reason in the middle of the list does not change what old files say.
  void operator()(FailureReason reason) { (*this)(ToString(reason)); }

  void operator()(Transport transport) { (*this)(static_cast<std::uint8_t>(transport)); }
  void operator()(AddressFamily family) { (*this)(static_cast<std::uint8_t>(family)); }
  void operator()(Reachability reachability) { (*this)(static_cast<std::uint8_t>(reachability)); }

  void operator()(const IpAddress& address) {
    (*this)(address.family());
    octets_.insert(octets_.end(), address.octets().begin(), address.octets().end());
  }

  std::vector<std::uint8_t> Take() { return std::move(octets_); }
  const std::vector<std::uint8_t>& octets() const { return octets_; }

 private:
  TimePoint taken_;
  std::vector<std::uint8_t> octets_;
};

}  // namespace flowbroker::history
