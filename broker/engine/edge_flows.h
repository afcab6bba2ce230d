#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "broker/engine/relay.h"
#include "broker/engine/shard_context.h"
#include "broker/engine/shard_flows.h"
#include "broker/flow/calendar_queue.h"
#include "broker/flow/flow.h"
#include "broker/sip/message_head.h"

namespace flowbroker::engine {

/// The flows of one shard that user agents have opened towards the edge (E5-E7, N3): from the accepted connection to
/// the flow, and what they ask of the edge itself.
class EdgeFlows {
 public:
  EdgeFlows(ShardContext& context, ShardFlows& flows);

  /// A connection from `remote` was accepted on a listener, and counted as one from there.
  flow::ConnectionId Begin(std::uint16_t listener, const Endpoint& remote, TimePoint now);
  /// It can carry messages: it becomes a flow, or is closed where a limit forbids. Nothing where `id` is not one of
  /// Begin's.
  void OnConnected(flow::ConnectionId id, const Endpoint& local, TimePoint now);
  /// It ended before that. Nothing where `id` is not one of Begin's.
  void OnEnded(flow::ConnectionId id);

  // Of a flow that a user agent has opened.
  void OnCrlf(const flow::Flow& flow, bool twice, TimePoint now);  ///< answered by CRLF as the options say (E7)
  void OnStun(const flow::Flow& flow, std::string_view bytes);     ///< a Binding request is answered (E6)
  void OnFlowClosed(const flow::Flow& flow, TimePoint now);
  /// What the receiver of a message is told of its flow.
  EdgeOrigin OriginOf(const flow::Flow& flow, const sip::MessageHead& head) const;

  TimePoint NextDeadline() const { return std::min(silent_.NextDeadline(), unanswered_.NextDeadline()); }
  void OnTimer(TimePoint now);

 private:
  struct AcceptedFrom {
    std::uint16_t listener;
    Endpoint remote;
    TimePoint since;
  };

  /// Ends it where it has been silent for too long.
  void LookAt(flow::ConnectionId id, TimePoint now);
  void LookAt(flow::Flow& flow, TimePoint now);
  void AnswerCrlf(flow::ConnectionId id);
  /// False where it does not become a flow.
  bool Open(flow::ConnectionId id, const AcceptedFrom& accepted, const Endpoint& local, TimePoint now);

  ShardContext& context_;
  const EdgeOptions& options_;
  ShardFlows& flows_;
  std::unordered_map<flow::ConnectionId, AcceptedFrom> accepted_;  // no flows yet
  flow::CalendarQueue<flow::ConnectionId> silent_;                 // accepted, to be looked at: do they send anything?
  flow::CalendarQueue<flow::ConnectionId> unanswered_;             // their CRLF waits for its answer
  std::unordered_set<flow::ConnectionId> owes_answer_;             // those in it
};

}  // namespace flowbroker::engine
