#include "broker/flow/probe.h"

#include <algorithm>

namespace flowbroker::flow {

Probe::Probe(Transport transport, const ProbeOptions& options)
    : transport_(transport), options_(options), interval_(options.t1) {}

Probe::Action Probe::Start(TimePoint now) {
  started_ = now;
  end_ = now + options_.time_limit;
  if (!IsConnectionOriented(transport_) || !options_.pings) return SendOptions(now);
  sent_ = 1;
  next_send_ = now + options_.t1;
  return Action::kSendPing;
}

std::optional<Probe::Action> Probe::OnTimer(TimePoint now) {
  if (now >= end_) return Action::kFail;
  if (now < next_send_) return std::nullopt;
  return SendOptions(now);
}

std::optional<Duration> Probe::OnAnswer(TimePoint now) const {
  if (sent_ != 1) return std::nullopt;  // Karn: an answer after a retransmission is ambiguous
  return now - started_;
}

Probe::Action Probe::SendOptions(TimePoint now) {
  ++sent_;
  if (IsConnectionOriented(transport_)) {
    next_send_ = kNever;  // the stream retransmits by itself
  } else {
    next_send_ = now + interval_;
    interval_ = std::min(interval_ * 2, options_.t2);
  }
  return Action::kSendOptions;
}

}  // namespace flowbroker::flow
