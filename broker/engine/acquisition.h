#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/engine/acquire.h"
#include "broker/engine/probe_request.h"
#include "broker/flow/connection_id.h"
#include "broker/flow/flow.h"
#include "broker/flow/probe.h"
#include "broker/history/share_ledger.h"
#include "broker/history/verdict.h"
#include "broker/location/server_locator.h"
#include "broker/racing/race.h"

namespace flowbroker::engine {

/// "12.3 ms".
std::string Milliseconds(Duration duration);

/// One caller that waits for an Acquisition.
struct Waiter {
  AcquireCallback done;
  TimePoint asked;
  TimePoint deadline;
  std::string request_id;
  std::string trace_parent;
  bool want_trace;
  bool shared;  ///< came while the acquisition was under way
};

/// One attempt of the acquisition's race.
struct Attempt {
  racing::AttemptId id;
  flow::ConnectionId connection;
  history::Path path;
  AttemptStage stage;
  TimePoint started;
  std::size_t trace_step;                                ///< index in Acquisition::attempt_trace
  std::optional<Endpoint> local = {};                    ///< once the socket has one
  std::shared_ptr<const flow::TlsIdentities> peer = {};  ///< TLS: of its certificate, once that is verified
  std::optional<flow::Probe> probe = {};                 ///< UDP: the OPTIONS that must be answered
  ProbeRequest probe_request = {};
  std::vector<std::string> early_messages = {};  ///< the peer spoke before the race was judged
};

/// A target of an acquisition with what memory says of it. Asked once, so that the order cannot change under a race.
struct JudgedTarget {
  location::LocatedTarget located;
  history::Path path;
  history::Verdict verdict;
  bool raced = false;  ///< the verdict was given for a race (ReachabilityHistory::JudgeForRace)
};

/// A request for a flow that could not be answered from the pool, with everyone who waits for it: location, then race.
/// Plain state; Acquisitions moves it. Lives until the race is over, which may be after its last waiter's deadline.
struct Acquisition {
  std::uint64_t number;
  std::string key;          ///< destination key; made unique for exclusive requests
  std::string request_key;  ///< the same for every retry of the request
  AcquireRequest request;   ///< the first waiter's
  std::string tls_identity;
  TimePoint started;

  std::unordered_map<std::uint64_t, Waiter> waiters = {};
  std::set<std::pair<TimePoint, std::uint64_t>> deadlines = {};  ///< of the waiters

  std::optional<location::ServerLocator> locator = {};
  std::vector<JudgedTarget> judged = {};                   ///< all located so far, in the order to try if all is well
  std::shared_ptr<history::ShareLedger> ledger = nullptr;  ///< of the SRV name that located the first; null: none
  std::string ledger_owner = {};                           ///< that SRV name
  std::optional<std::size_t> charged = {};                 ///< record in the ledger that this request was counted for
  std::uint64_t epoch = 0;                                 ///< BrokerState::unavailable_epoch before it was judged
  std::optional<racing::Race> race = {};
  std::vector<Attempt> attempts = {};               ///< in flight
  std::vector<racing::RaceEvent> race_events = {};  ///< of this turn
  std::vector<TraceStep> attempt_trace = {};
  std::optional<std::size_t> wait_step = {};  ///< in attempt_trace: waiting for late DNS

  std::optional<flow::FlowId> probed = {};  ///< existing flow whose probe is under way
  std::size_t probe_step = 0;               ///< in attempt_trace; meaningful with `probed` only
  TimePoint hedge_at = kNever;              ///< when location and race go on although the probe is not over

  bool borrowing = false;                      ///< other shards are being asked for a flow, once
  bool has_borrowed = false;                   ///< they were asked
  bool background = false;                     ///< a re-probe (H3): nobody waits
  std::optional<std::string> reprobe_of = {};  ///< destination key that may use the re-probe's flow; absent: nobody's
  bool starved = false;                        ///< its race waits for room under max_attempts
  bool woken = false;                          ///< was starved, and has not used or passed on the room it was told of
  TimePoint scheduled = kNever;                ///< its place in the shard's deadlines

  const JudgedTarget* FindTarget(const Target& target) const;
  Attempt* FindAttempt(racing::AttemptId id);
  Attempt* FindAttempt(flow::ConnectionId connection);

  /// The next moment at which time alone moves it.
  TimePoint NextDeadline() const;

  /// Whether an expired DNS answer is among those that led to its targets.
  bool UsedStaleDns() const;

  /// Everything done so far, in order of start.
  Trace TraceSoFar() const;

  /// "TCP [2001:db8::1]:5060 refused (Connection refused); TLS 192.0.2.1:5061 no answer for 1999.0 ms".
  std::string StateOfAttempts(TimePoint now) const;
};

}  // namespace flowbroker::engine
