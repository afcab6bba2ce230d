#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/base/transport.h"

namespace flowbroker::flow {

/// How a flow is asked whether it lives (S9).
enum class KeepAliveMethod : std::uint8_t {
  kNone,     ///< it is not asked
  kCrlf,     ///< CRLF CRLF, answered by CRLF; streams only (O6, RFC 5626 s.4.4.1)
  kStun,     ///< a STUN Binding request, answered with our address as the peer sees it; UDP only (O5, RFC 5626 s.4.4.2)
  kOptions,  ///< `OPTIONS` with `Max-Forwards: 0`: every SIP element answers it
};

inline constexpr std::array kAllKeepAliveMethods = {KeepAliveMethod::kNone, KeepAliveMethod::kCrlf,
                                                    KeepAliveMethod::kStun, KeepAliveMethod::kOptions};

/// Stable name, used in settings and the API: "none", "crlf", "stun", "options".
std::string_view ToString(KeepAliveMethod method);

/// Whether the method exists for the transport.
bool Suits(KeepAliveMethod method, Transport transport);

/// The time between two keep-alives is drawn from here, ends included.
struct KeepAliveInterval {
  Duration shortest;
  Duration longest;
};

struct KeepAliveOptions {
  KeepAliveMethod streams = KeepAliveMethod::kCrlf;
  /// Not STUN: a peer that has not offered it (RFC 5626 `ob`, RFC 6223 `keep`) may take it for a broken message.
  KeepAliveMethod datagrams = KeepAliveMethod::kOptions;
  /// O4. Connections live for minutes in the NATs and firewalls on the way.
  KeepAliveInterval stream_interval{std::chrono::seconds(95), std::chrono::seconds(120)};
  /// O4. UDP mappings end after 30 s in many NATs.
  KeepAliveInterval datagram_interval{std::chrono::seconds(24), std::chrono::seconds(29)};
  Duration answer_time_limit = std::chrono::seconds(10);  ///< RFC 5626 s.4.4.1; the draft had 7 s (O6)
  /// Whether silence ends a flow even where the peer has never answered a keep-alive. Plain RFC 3261 elements need not
  /// answer CRLF, and their flows work all the same.
  bool answer_required = false;

  KeepAliveMethod MethodFor(Transport transport) const { return IsConnectionOriented(transport) ? streams : datagrams; }
};

/// When one flow is asked whether it lives, and when it counts as dead (O4-O6). A pure machine. Traffic counts as life:
/// what came from the peer puts the next question off, and answers one that waits.
class KeepAlive {
 public:
  enum class Action : std::uint8_t {
    kWait,      ///< nothing now; due() has moved
    kAsk,       ///< send the keep-alive
    kAskAgain,  ///< send the same STUN request again
    kFail,      ///< no answer within the limit from a peer that has to: the flow has failed
  };

  KeepAlive() = default;  ///< asks nothing

  /// Begins to ask by `method`; a `flow_timer` that the server gave (RFC 5626 s.4.4, `Flow-Timer`) takes the place of
  /// the transport's interval: 80 to 100 % of it.
  void Start(KeepAliveMethod method, Transport transport, std::optional<Duration> flow_timer,
             const KeepAliveOptions& options, TimePoint now, RandomSource& random);

  /// To be called at due() or later. `last_heard`: when the peer last sent anything.
  Action OnDue(TimePoint last_heard, const KeepAliveOptions& options, TimePoint now, RandomSource& random);

  /// The peer answered a question by `method`. Where that is ours and was asked by us, it has to from now on; a peer
  /// that answers other questions, or sends a CRLF of its own accord, has promised nothing.
  void OnAnswer(KeepAliveMethod method, TimePoint now, RandomSource& random);

  KeepAliveMethod method() const { return method_; }
  /// When OnDue is to be called; kNever where nothing is asked.
  TimePoint due() const { return due_; }
  bool has_answered() const { return has_answered_; }
  /// Whether an answer is awaited.
  bool waiting() const { return asked_ != kNever; }

 private:
  void PlanNext(TimePoint from, RandomSource& random);
  Action Ask(const KeepAliveOptions& options, TimePoint now, RandomSource& random);

  KeepAliveMethod method_ = KeepAliveMethod::kNone;
  bool has_answered_ = false;
  KeepAliveInterval bounds_{};
  Duration interval_{};  // drawn for the next question
  TimePoint due_ = kNever;
  TimePoint asked_ = kNever;  // the question that waits for its answer
  Duration resend_{};         // STUN: until the next retransmission
};

}  // namespace flowbroker::flow
