#pragma once

#include <utility>

#include "clients/cpp/result.h"
#include "clients/cpp/types.h"

namespace flowbroker::client {

/// A connected TCP socket of our own, closed with its owner. It does not block (O_NONBLOCK), as the broker left it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int get() const { return number_; }
  /// Gives it away.
  [[nodiscard]] int Release() { return std::exchange(number_, kNone); }

 private:
  static constexpr int kNone = -1;  // as POSIX has it
  int number_;
};

/// What Client::AcquireHandoff gives: the broker is out of the way, and the flow its caller's alone.
struct HandedOff {
  AcquiredFlow flow;
  Descriptor descriptor;
};

/// Exchanges a ticket for the descriptor; blocks. kNotFound: the ticket is worth nothing, or nothing any more;
/// kUnavailable: nobody answers at the broker's handoff socket, or we may not use it.
Result<Descriptor> ReceiveDescriptor(const HandoffTicket& ticket, Duration timeout);

}  // namespace flowbroker::client
