#pragma once

#include <atomic>

namespace flowbroker::rpc {

/// What a completion queue hands back when an operation has ended; gRPC calls it a tag. Lives in the call that started
/// the operation.
class QueueEvent {
 public:
  /// For gRPC, as the last thing before the operation; comes back from the queue in Complete.
  void* tag() {
    handed_over_.store(true, std::memory_order_release);
    return this;
  }

  /// Runs what is to be done, on the thread of the queue. `ok` is gRPC's: whether the operation did what was asked.
  static void Complete(void* tag, bool ok) {
    QueueEvent* const event = static_cast<QueueEvent*>(tag);
    event->handed_over_.load(std::memory_order_acquire);
    event->OnCompleted(ok);
  }

 protected:
  ~QueueEvent() = default;
  virtual void OnCompleted(bool ok) = 0;

 private:
  // The queue orders the two threads already, but out of sight of the thread sanitizer; this costs nothing and shows
  // it.
  std::atomic<bool> handed_over_ = false;
};

/// An event that calls a member function of the object it lives in.
template <typename Owner, void (Owner::*kMember)(bool)>
class MemberEvent final : public QueueEvent {
 public:
  explicit MemberEvent(Owner& owner) : owner_(owner) {}

 private:
  void OnCompleted(bool ok) override { (owner_.*kMember)(ok); }

  Owner& owner_;
};

}  // namespace flowbroker::rpc
