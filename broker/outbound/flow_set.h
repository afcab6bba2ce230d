#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/failure.h"
#include "broker/base/ip_address.h"
#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/flow/flow_id.h"
#include "broker/outbound/flow_set_actions.h"
#include "broker/outbound/flow_set_spec.h"
#include "broker/outbound/recovery_schedule.h"
#include "broker/outbound/reg_id.h"

namespace flowbroker::outbound {

struct FlowSetOptions {
  RecoverySchedule recovery = {};
  /// A flow that was up for so long has lasted: its URI starts from no failures again, and the first try to replace the
  /// flow comes at once. One that has not lasted, but was registered, is replaced at once too (outbound s.4.5: to wait
  /// is for failures "in forming this flow"), but not twice running: a proxy that takes every registration and dies of
  /// it would be overrun. The 120 s are those in which a keep-alive finds out about a TCP flow (O4).
  Duration stable_after = std::chrono::seconds(120);
  /// How long a URI waits at the start for the answer to the one before it, so as to go to another host. Enough for DNS
  /// and a handshake round the world; whatever comes first ends the wait.
  Duration head_start = std::chrono::milliseconds(500);
  /// A Retry-After beyond this is taken for a defect of the server: a flow would be given up for good.
  Duration longest_retry_after = std::chrono::hours(24);
};

/// Where a flow of a set stands.
enum class MemberState : std::uint8_t {
  kStopped,     ///< before Start and after Stop
  kWaiting,     ///< no flow; the next try is at `next_attempt`
  kOpening,     ///< no flow; a try is under way
  kUp,          ///< there is a flow; the caller's REGISTER over it has not been answered
  kRegistered,  ///< the registrar knows the flow
};

/// "stopped", "waiting", "opening", "up" or "registered".
std::string_view ToString(MemberState state);

/// One URI of the set, with its flow.
struct FlowSetMember {
  RegId reg_id;
  std::string uri;
  MemberState state = MemberState::kStopped;
  std::uint32_t failures = 0;  ///< consecutive ones: opening, registering, or losing the flow too soon
  std::optional<FailureReason> last_failure = std::nullopt;  ///< of opening or of the flow, as long as `failures` count
  TimePoint next_attempt = kNever;                           ///< kNever unless kWaiting
  std::optional<OpenAttempt> attempt = std::nullopt;         ///< set exactly when kOpening
  std::optional<flow::FlowId> flow = std::nullopt;           ///< set exactly when kUp or kRegistered
  std::optional<IpAddress> host = std::nullopt;              ///< where the flow ends; set with `flow`
  std::optional<IpAddress> refused_by = std::nullopt;        ///< the host that refused the last registration
  TimePoint up_since{};                                      ///< means something with `flow`
  bool had_flow = false;                                     ///< since Start
  bool spared = false;  ///< a flow that did not last was replaced at once, and none has lasted since

  bool HasFlow() const { return flow.has_value(); }
};

/// Keeps two to four flows, one to each outbound proxy, for as long as it lives (O1, O2): the user agent's side of
/// draft-ietf-sip-outbound-02 s.4 and RFC 5626 s.4. A pure machine: events go in, actions come out; late events of
/// flows and tries that are over do nothing. One thread at a time. REGISTER is the caller's business: it is told when.
///
/// A flow that fails is replaced at once, the first time; when that fails too, or when the flow was not registered or
/// the next one does not last either, after the wait of O7. As that is drawn at random, a proxy that comes back after a
/// failure is not overrun (O8).
class FlowSet {
 public:
  /// `random` outlives the set. kInvalidArgument as Check says.
  static Expected<FlowSet> Create(FlowSetSpec spec, const FlowSetOptions& options, RandomSource& random);

  /// Opens the first flow at once, the others as soon as they know where the one before went.
  FlowSetActions Start(TimePoint now);
  /// Closes all flows. The set may be started again.
  FlowSetActions Stop();

  /// A flow that another URI of the set has already is none for this one: two registrations over it would be worth one.
  FlowSetActions OnFlowUp(OpenAttempt attempt, const flow::FlowId& flow, const IpAddress& host, TimePoint now);
  FlowSetActions OnOpenFailed(OpenAttempt attempt, FailureReason reason, TimePoint now);
  FlowSetActions OnFlowFailed(const flow::FlowId& flow, FailureReason reason, TimePoint now);

  /// The caller's REGISTER over `flow` was accepted.
  void OnRegistered(const flow::FlowId& flow);
  /// It was refused, or not answered: the flow is given up. With the Retry-After of a 503 there is no try before that
  /// time, and the next one is at that time, 0 being at once, but not twice running; without one the wait of O7
  /// applies. The next try goes to another host, if there is one ("they revisit the DNS resolution results").
  FlowSetActions OnRegisterFailed(const flow::FlowId& flow, std::optional<Duration> retry_after, TimePoint now);

  FlowSetActions OnTimer(TimePoint now);
  TimePoint NextDeadline() const;

  const FlowSetSpec& spec() const { return spec_; }
  const std::vector<FlowSetMember>& members() const { return members_; }  ///< in the order of the URIs

 private:
  FlowSet(FlowSetSpec spec, const FlowSetOptions& options, RandomSource& random);

  FlowSetMember* With(OpenAttempt attempt);
  FlowSetMember* With(const flow::FlowId& flow);
  bool AllFlowsDown() const;
  std::vector<IpAddress> HostsToAvoid(const FlowSetMember& member) const;

  OpenFlow Open(FlowSetMember& member);
  void Wait(FlowSetMember& member, TimePoint until);
  void CountFailure(FlowSetMember& member, TimePoint now);
  void EndHeadStart(TimePoint now);
  static void LoseFlow(FlowSetMember& member);

  FlowSetSpec spec_;
  FlowSetOptions options_;
  RandomSource* random_;
  std::vector<FlowSetMember> members_;
  std::uint64_t last_attempt_ = 0;
};

}  // namespace flowbroker::outbound
