#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/base/fair_eviction.h"
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

  /// `percent` of the entries are a tenant's share: it does not make the others' forgotten.
  AnsweredRequests(std::size_t max_entries, int percent) : eviction_(max_entries, percent) {}

  /// Nothing for an empty request id.
  std::optional<Answer> Find(const flow::Owner& owner, std::string_view request_id, TimePoint now) const;
  void Remember(const flow::Owner& owner, std::string_view request_id, Answer answer, TimePoint now);

 private:
  struct Entry {
    Answer answer;
    TimePoint until;
    std::uint64_t number;
  };

  void Forget(std::uint64_t number);

  std::unordered_map<std::string, Entry> answers_;
  std::unordered_map<std::uint64_t, std::string> keys_;  // of the entries, by number
  FairEviction eviction_;
  std::uint64_t last_number_ = 0;
};

}  // namespace flowbroker::engine
