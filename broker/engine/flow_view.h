#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/flow/flow_id.h"
#include "broker/flow/owner.h"

namespace flowbroker::engine {

/// A flow as others may see it: a snapshot.
struct FlowView {
  flow::FlowId id;
  Target remote;
  Endpoint local;
  bool open;
  bool probing;
  bool exclusive;
  std::optional<std::string> listener = std::nullopt;  ///< of the edge, where a user agent has opened it
  std::string tls_identity;  ///< empty: not TLS
  flow::Owner owner;
  TimePoint opened;
  TimePoint last_activity;
  std::uint64_t messages_sent;
  std::uint64_t messages_received;
  std::optional<Duration> smoothed_rtt;
};

enum class FlowEventKind : std::uint8_t {
  kOpened,
  kClosed,          ///< `failure` says why
  kMessageDropped,  ///< an inbound message found no stream of its client group
};

struct FlowEvent {
  std::uint64_t sequence;  ///< rises by one per event of the process, from 1
  TimePoint time;
  FlowEventKind kind;
  FlowView flow;
  std::optional<Failure> failure;  ///< absent for kOpened
};

/// For EventLog.
inline const std::string& TenantOf(const FlowEvent& event) {
  return event.flow.owner.tenant;
}

}  // namespace flowbroker::engine
