#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "broker/base/time.h"
#include "broker/flow/flow_id.h"
#include "broker/flow/owner.h"

namespace flowbroker::engine {

/// Which flow a request id was answered with, so that a retry gets the same one (AcquireRequest.request_id). Pure.
class AnsweredRequests {
 public:
  struct Answer {
    flow::FlowId flow;
    std::string request_key;  ///< of the request; another one must not use the same id
  };

  /// How long an answer is remembered, as the contract promises.
  static constexpr Duration kLifetime = std::chrono::minutes(1);

  explicit AnsweredRequests(std::size_t max_entries) : max_entries_(max_entries) {}

  /// Nothing for an empty request id.
  std::optional<Answer> Find(const flow::Owner& owner, std::string_view request_id, TimePoint now) const;
  void Remember(const flow::Owner& owner, std::string_view request_id, Answer answer, TimePoint now);

 private:
  struct Entry {
    Answer answer;
    TimePoint until;
  };

  const std::size_t max_entries_;
  std::unordered_map<std::string, Entry> answers_;
  std::deque<std::pair<TimePoint, std::string>> age_;  // oldest first
};

}  // namespace flowbroker::engine
