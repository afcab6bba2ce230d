#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/flow/flow_id.h"

namespace flowbroker::flow {

/// Whoever presents it on the handoff socket gets the descriptor of a flow, once. 256 bits, of which 248 are random and
/// one octet says which shard has the flow. A secret: it never goes into a log or an event.
class HandoffTicket {
 public:
  static constexpr std::size_t kTextLength = 43;

  static HandoffTicket Make(std::uint8_t shard, RandomSource& random);
  /// Reads the text form; nothing for anything else.
  static std::optional<HandoffTicket> Parse(std::string_view text);
  /// 43 characters of base64url.
  std::string ToString() const;

  std::uint8_t shard() const { return octets_[0]; }
  /// 64 random bits by which it is looked up; the others are compared in constant time.
  std::uint64_t selector() const;
  bool Equals(const HandoffTicket& other) const;

 private:
  HandoffTicket() = default;
  std::array<std::uint8_t, 32> octets_{};
};

/// The tickets of one shard's flows: each good for one use within its life. Pure; not thread-safe.
class HandoffTickets {
 public:
  struct Issued {
    HandoffTicket ticket;
    TimePoint valid_until;  ///< first moment at which it is worth nothing
  };

  explicit HandoffTickets(Duration life) : life_(life) {}

  /// @pre the flow has none
  const Issued& Issue(const FlowId& flow, RandomSource& random, TimePoint now);
  /// That of the flow; null where it has none any more.
  const Issued* Of(const FlowId& flow) const;
  /// The flow, whose ticket is worth nothing from now on. Nothing for a ticket that is unknown, late or used.
  std::optional<FlowId> Redeem(const HandoffTicket& ticket, TimePoint now);
  /// The flow has ended.
  void Forget(const FlowId& flow);

  /// When TakeExpired is due; at times sooner.
  TimePoint NextExpiry() const { return order_.empty() ? kNever : order_.front().first; }
  /// A flow whose ticket was not used in time; its ticket is forgotten.
  std::optional<FlowId> TakeExpired(TimePoint now);

 private:
  const Duration life_;
  std::unordered_map<FlowId, Issued> of_flow_;
  std::unordered_map<std::uint64_t, FlowId> flows_;        // by selector
  std::deque<std::pair<TimePoint, std::uint64_t>> order_;  // of issue and so of expiry; also of those redeemed since
};

}  // namespace flowbroker::flow
