#pragma once

#include <functional>
#include <string>

#include "broker/dns/records.h"

namespace flowbroker::dns {

/// Asks DNS servers one question. Does no caching and no merging of equal questions: `DnsCache` and the engine do.
/// Confined to its shard's thread.
class DnsClient {
 public:
  using Callback = std::function<void(RecordSet)>;

  virtual ~DnsClient() = default;

  /// Always ends with exactly one call of `done`, on the shard's thread and never from inside Query itself; with
  /// kTimedOut or kServerFailure where no server gave an answer. Outstanding questions end with kServerFailure when the
  /// client is destroyed.
  /// `tenant` is whose question it is, empty for the operator's: nobody waits for long because another asks much.
  virtual void Query(const Question& question, const std::string& tenant, Callback done) = 0;
};

}  // namespace flowbroker::dns
