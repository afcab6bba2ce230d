#include "tests/property/history/traffic.h"

#include <algorithm>

#include "broker/racing/reachability_order.h"

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;

constexpr Duration kAttemptDelay = milliseconds(200);
constexpr Duration kRtt4 = milliseconds(20);
constexpr Duration kSlowAnswer = milliseconds(600);

bool IsHeld(const Verdict& verdict) {
  return verdict.reachability == Reachability::kUnreachable || verdict.reachability == Reachability::kSlow;
}

}  // namespace

void Traffic::Run(const std::function<void(const RacedRequest&)>& on_request) {
  for (const Host& host : schedule_.hosts) {
    agenda_.emplace(TimePoint{} + host.every, [&] { Request(host, on_request); });
  }
  while (!agenda_.empty() && agenda_.begin()->first < schedule_.end) {
    now_ = agenda_.begin()->first;
    const auto due = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    due();
  }
}

Traffic::Started Traffic::Start(const Path& path, TimePoint at) const {
  if (path.target.family() == AddressFamily::kIpv4) return {path, at, at + kRtt4, std::nullopt};
  const auto trouble = schedule_.TroubleOf(path, at);
  if (!trouble) return {path, at, at + schedule_.rtt, std::nullopt};
  switch (*trouble) {
    case Trouble::kSilent:
      return {path, at, kNever, std::nullopt};
    case Trouble::kSlow:
      return {path, at, at + kSlowAnswer, std::nullopt};
    case Trouble::kRefused:
      return {path, at, at + schedule_.rtt, FailureReason::kRefused};
    case Trouble::kUnreachable:
      return {path, at, at + schedule_.rtt, FailureReason::kNetworkUnreachable};
  }
  __builtin_unreachable();
}

void Traffic::Request(const Host& host, const std::function<void(const RacedRequest&)>& on_request) {
  RacedRequest request{now_, host, {}, {}, host.ipv4};
  std::vector<racing::JudgedCandidate> candidates;
  for (const Path& path : host.ipv6) {
    request.before.push_back(history_.Judge(path, now_));
    request.judged.push_back(history_.JudgeForRace(path, now_));
    candidates.push_back({{path.target, 0}, request.judged.back()});
  }
  candidates.push_back({{host.ipv4.target, 0}, history_.JudgeForRace(host.ipv4, now_)});
  std::vector<Path> order;
  for (const auto& candidate : racing::OrderByReachability(candidates)) order.push_back({{}, candidate.target});
  // After the first the families alternate (D5).
  const auto ipv4 = std::ranges::find(order, host.ipv4);
  if (ipv4 != order.begin()) std::rotate(order.begin() + 1, ipv4, ipv4 + 1);
  request.first = order.front();
  on_request(request);
  for (std::size_t i = 0; i < host.ipv6.size(); ++i) {
    if (IsHeld(request.judged[i])) Reprobe(host.ipv6[i]);
  }
  Race(order);
  agenda_.emplace(now_ + host.every, [this, &host, &on_request] { Request(host, on_request); });
}

void Traffic::Reprobe(const Path& path) {
  if (!history_.TakeReprobe(path, now_, random_)) return;
  const Duration limit = history_.NextReprobe(path, now_) - now_;
  const Started attempt = Start(path, now_);
  if (attempt.ends == kNever) return Later(now_ + limit, path, FailureReason::kTimedOut, limit);
  Later(attempt.ends, path, attempt.failure, attempt.ends - now_);
}

void Traffic::Race(const std::vector<Path>& order) {
  std::vector<Started> started;
  TimePoint next = now_;
  TimePoint won = kNever;
  for (const Path& path : order) {
    if (next >= won) break;
    started.push_back(Start(path, next));
    const Started& attempt = started.back();
    if (attempt.failure) {
      next = std::min(attempt.at + kAttemptDelay, std::max(attempt.ends, attempt.at + milliseconds(10)));
    } else {
      won = std::min(won, attempt.ends);
      next = attempt.at + kAttemptDelay;
    }
  }
  const auto winner = std::ranges::find_if(started, [&](const auto& one) { return !one.failure && one.ends == won; });
  for (auto one = started.begin(); one != started.end(); ++one) {
    if (one->failure && one->ends <= won) {
      Later(one->ends, one->path, one->failure, one->ends - one->at);
    } else if (one == winner) {
      Later(won, one->path, std::nullopt, won - one->at);
    } else {
      Later(won, one->path, one < winner ? FailureReason::kOvertaken : FailureReason::kLostRace, won - one->at);
    }
  }
  agenda_.emplace(won, [this, order, path = winner->path] { history_.RecordRace(path, order, now_); });
}

void Traffic::Later(TimePoint at, const Path& path, std::optional<FailureReason> failure, Duration took) {
  agenda_.emplace(at, [=, this] {
    history_.Record({path, AttemptStage::kTcp, failure, failure ? std::nullopt : std::optional(took), took}, now_);
  });
}

}  // namespace flowbroker::history
