#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "broker/base/target.h"
#include "broker/base/time.h"

namespace flowbroker::flow {

struct ProbeOptions {
  Duration t1 = std::chrono::milliseconds(500);    ///< first retransmission on UDP, and the wait for a CRLF pong
  Duration t2 = std::chrono::seconds(4);           ///< longest retransmission interval (RFC 3261 s.17.1.2.2)
  Duration time_limit = std::chrono::seconds(10);  ///< no answer by then: the probe has failed
  bool pings = true;                               ///< on a stream, before it asks by OPTIONS
};

/// Finds out whether SIP gets an answer over a socket that is up (S9). A pure machine.
///
/// On a stream it pings with CRLF CRLF (RFC 5626 s.4.4.1); a peer that leaves pings unanswered (most plain RFC 3261
/// elements do) is asked with one `OPTIONS` after T1; where it shall not ping, at once. On UDP it sends `OPTIONS` at
/// once and retransmits it by Timer E: T1, doubling up to T2. Any answer proves the path.
class Probe {
 public:
  enum class Action : std::uint8_t {
    kSendPing,     ///< CRLF CRLF
    kSendOptions,  ///< the probe request; the same bytes every time
    kFail,         ///< no answer came: the probe is over
  };

  Probe(Transport transport, const ProbeOptions& options);

  /// What to send first.
  Action Start(TimePoint now);

  /// What is due at `now`, if anything.
  std::optional<Action> OnTimer(TimePoint now);

  /// An answer came. The round-trip time, where it is certain which of our messages was answered.
  std::optional<Duration> OnAnswer(TimePoint now) const;

  TimePoint NextDeadline() const { return std::min(next_send_, end_); }

 private:
  Action SendOptions(TimePoint now);

  Transport transport_;
  ProbeOptions options_;
  Duration interval_;
  TimePoint started_{};
  TimePoint next_send_ = kNever;
  TimePoint end_ = kNever;
  int sent_ = 0;
};

}  // namespace flowbroker::flow
