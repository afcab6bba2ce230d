#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "broker/base/failure.h"
#include "broker/engine/relay.h"
#include "flowbroker/v1/flow_service.pb.h"

namespace flowbroker::rpc {

/// What waits to go out on one Relay stream, and the policy of it: bounded in messages and octets; once a message was
/// turned away the broker is to be told again when half of the room is free, so that it is not woken for every message.
/// Not thread-safe.
class RelayOutbox {
 public:
  struct Limits {
    std::size_t messages;
    std::size_t bytes;  ///< one message may exceed it when nothing else waits, or it could never pass
  };

  /// A frame stays under gRPC's usual 4 MB receive limit, whatever the sizes of messages: it ends with the message that
  /// reaches this.
  static constexpr std::size_t kFrameBytes = std::size_t{256} * 1024;
  static constexpr std::size_t kFrameMessages = 256;
  /// More refusals than this wait: the stream's reader is asked for no more requests until they are out.
  static constexpr std::size_t kMaxFailures = 1024;

  explicit RelayOutbox(Limits limits) : limits_(limits) {}

  /// Takes the message, or leaves it untouched and gives false.
  bool Offer(engine::InboundMessage& message);

  /// Failures are not bounded here; ask TooManyFailures() before causing more.
  void AddFailure(const std::string& flow_id, std::uint64_t tag, const Failure& failure);
  bool TooManyFailures() const { return failures_.size() > kMaxFailures; }

  /// Moves what fits one frame into `frame`; false where nothing waits.
  bool Fill(v1::RelayResponse& frame);

  /// True once after an offer was turned away and at least half of the room is free again.
  bool TakeResume();

  std::size_t messages() const { return messages_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  Limits limits_;
  std::deque<engine::InboundMessage> messages_;
  std::deque<v1::SendFailure> failures_;
  std::size_t bytes_ = 0;
  bool turned_away_ = false;
};

}  // namespace flowbroker::rpc
