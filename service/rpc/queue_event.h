#pragma once

namespace flowbroker::rpc {

/// What a completion queue hands back when an operation has ended; gRPC calls it a tag. Lives in the call that started
/// the operation.
class QueueEvent {
 public:
  /// Runs on the thread of the queue. `ok` is gRPC's: whether the operation did what was asked.
  virtual void OnCompleted(bool ok) = 0;

  /// For gRPC; comes back from the queue as a QueueEvent*.
  void* tag() { return this; }

 protected:
  ~QueueEvent() = default;
};

/// An event that calls a member function of the object it lives in.
template <typename Owner, void (Owner::*kMember)(bool)>
class MemberEvent final : public QueueEvent {
 public:
  explicit MemberEvent(Owner& owner) : owner_(owner) {}
  void OnCompleted(bool ok) override { (owner_.*kMember)(ok); }

 private:
  Owner& owner_;
};

}  // namespace flowbroker::rpc
