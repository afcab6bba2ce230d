#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "broker/engine/event_subscription.h"
#include "service/rpc/proto_conversion.h"
#include "service/rpc/status_mapping.h"
#include "service/rpc/stream_call.h"

namespace flowbroker::rpc {

/// A call that streams numbered events: an empty answer first, then what happens, several events to a frame. They come
/// in on the broker's threads. A watcher that falls too far behind is ended with RESOURCE_EXHAUSTED and resumes by
/// sequence number. `Response` has the fields `events`, of messages `Event`, and `latest_sequence`.
template <typename Response, typename Event>
class WatchStream : public StreamCall<grpc::ServerAsyncWriter<Response>, Response> {
 protected:
  WatchStream(CallQueue& queue, const Entrance& entrance, std::size_t max_events)
      : StreamCall<grpc::ServerAsyncWriter<Response>, Response>(queue, entrance), max_events_(max_events) {}

  /// Begins after `after_sequence` (0: from now on). `subscribe` is given that as an option and returns a subscription
  /// whose sink calls OnEvent, or null where those events are no longer kept. `newest`: the broker's last event;
  /// `instead`: what to do where they are not kept, "list the flows".
  template <typename Subscribe>
  void Begin(std::uint64_t after_sequence, std::uint64_t newest, const char* instead, Subscribe subscribe) {
    std::optional<std::uint64_t> after;
    if (after_sequence > 0) after = after_sequence;
    {
      const std::lock_guard lock(this->mutex_);
      latest_ = greeting_sequence_ = after.value_or(newest);
    }
    // A number beyond the newest is from an earlier process: its events are gone too.
    if (after_sequence <= newest) subscription_ = subscribe(after);
    if (subscription_) return this->Pump();
    this->Refuse({grpc::StatusCode::OUT_OF_RANGE, "events after " + std::to_string(after_sequence) +
                                                      " are not kept here, the newest is " + std::to_string(newest) +
                                                      ": " + instead + " and watch from now on"});
  }

  /// An event has come; `fill` writes it into an empty message and is not called for one that is not `wanted`.
  template <typename FillEvent>
  void OnEvent(std::uint64_t sequence, bool wanted, FillEvent fill) {
    bool overflowed = false;
    {
      const std::lock_guard lock(this->mutex_);
      if (this->ending()) return;
      overflowed = events_.size() >= max_events_;
      if (!overflowed) {
        latest_ = std::max(latest_, sequence);
        if (wanted) fill(events_.emplace_back());
      }
    }
    if (!overflowed) return this->Pump();
    this->End({grpc::StatusCode::RESOURCE_EXHAUSTED,
               "the watcher is too slow; resume after the last sequence number received"});
  }

 private:
  static constexpr int kFrameEvents = 500;  // about 100 KB

  /// A watcher has nothing under way here that it would have to finish.
  void OnDraining(Duration time_left) final {
    {
      const std::lock_guard lock(this->mutex_);
      draining_ = time_left;
    }
    this->End(DrainingStatus());
  }

  bool FillFrame(Response& frame) override {
    if (std::exchange(greeting_due_, false)) {
      frame.set_latest_sequence(greeting_sequence_);
      return true;
    }
    if (events_.empty() && draining_) {
      Fill(*std::exchange(draining_, std::nullopt), *frame.mutable_draining()->mutable_time_left());
      frame.set_latest_sequence(latest_);
      return true;
    }
    if (events_.empty()) return false;
    for (int n = 0; n < kFrameEvents && !events_.empty(); ++n) {
      *frame.add_events() = std::move(events_.front());
      events_.pop_front();
    }
    frame.set_latest_sequence(events_.empty() ? latest_ : frame.events().rbegin()->sequence());
    return true;
  }

  void OnEnded() override { subscription_.reset(); }

  const std::size_t max_events_;
  std::unique_ptr<engine::EventSubscription> subscription_;  // on the queue's thread only

  // Guarded by mutex_.
  std::deque<Event> events_;
  std::uint64_t latest_ = 0;             // sequence of the newest event seen, wanted or not
  std::uint64_t greeting_sequence_ = 0;  // where the watch begins
  bool greeting_due_ = true;             // the empty first answer
  std::optional<Duration> draining_;     // to be told
};

}  // namespace flowbroker::rpc
