#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/engine/shard_context.h"
#include "broker/location/server_locator.h"

namespace flowbroker::engine {

/// DNS questions of one shard's locators that are not answered yet.
class Questions {
 public:
  explicit Questions(ShardContext& context) : context_(context) {}

  /// Gets `questions` of `locator` answered: from the cache at once, together with all questions that follow from those
  /// answers; otherwise `asker`, whose tenant is `tenant`, is on the list of those who wait, and DNS is asked unless
  /// somebody has done so.
  void Ask(location::ServerLocator& locator, std::uint64_t asker, const std::string& tenant,
           std::vector<dns::Question> questions, TimePoint now);

  /// Takes the numbers of those who wait for `question`, in the order in which they asked.
  std::vector<std::uint64_t> TakeWaiting(const dns::Question& question);

 private:
  ShardContext& context_;
  std::unordered_map<dns::Question, std::vector<std::uint64_t>> waiting_;
};

}  // namespace flowbroker::engine
