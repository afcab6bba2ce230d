#pragma once

#include <unistd.h>

#include <utility>

namespace flowbroker::net {

/// A file descriptor that is closed with its owner.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int descriptor) : descriptor_(descriptor) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, kNone)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OwnedDescriptor() {
    if (descriptor_ != kNone) close(descriptor_);
  }

  int get() const { return descriptor_; }
  /// Gives it away.
  [[nodiscard]] int Release() { return std::exchange(descriptor_, kNone); }

 private:
  static constexpr int kNone = -1;  // as POSIX has it
  int descriptor_;
};

}  // namespace flowbroker::net
