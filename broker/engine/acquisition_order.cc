// What memory makes of the targets of a request: their order (S2, S3, D6), the shares of SRV records (S5, S7), and
// background attempts on what is held (H3).

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "broker/engine/acquisitions.h"
#include "broker/engine/destination_key.h"
#include "broker/racing/reachability_order.h"

namespace flowbroker::engine {
namespace {

using history::Reachability;

/// How long a destination with a known 503 is trusted to the shortcut of the fast path.
constexpr Duration kLookAgainAfter503 = std::chrono::seconds(1);
/// The same where SRV records share the traffic: one of them may have stopped to be reachable or responsive (S7).
constexpr Duration kJudgeRecordsAgain = std::chrono::seconds(1);
/// The same where a re-probe is overdue because none could be started.
constexpr Duration kLookAgainAtOnce = std::chrono::milliseconds(100);
/// The same where nothing is re-probed because the races themselves try what is held.
constexpr Duration kLookAgainWhereAllIsHeld = std::chrono::seconds(1);

/// One of so many choices goes to an unresponsive record nevertheless, and it has its share until the next choice:
/// nothing but traffic can show that it is quick again (S7).
constexpr std::uint64_t kTrialOneOf = 50;

bool IsHeld(const history::Verdict& verdict) {
  return verdict.reachability == Reachability::kUnreachable || verdict.reachability == Reachability::kSlow;
}

bool AllHeld(const Acquisition& acquisition) {
  return std::ranges::all_of(acquisition.judged, [](const JudgedTarget& one) { return IsHeld(one.verdict); });
}

/// Whether memory puts the target behind others.
bool IsSetBack(const history::Verdict& verdict) {
  return IsHeld(verdict) || verdict.unavailable;
}

/// Whether one of the addresses of its host is to be tried last.
bool IsAvoided(const Acquisition& acquisition, const JudgedTarget& target) {
  const std::vector<IpAddress>& avoid = acquisition.request.avoid;
  return !avoid.empty() && std::ranges::any_of(acquisition.judged, [&](const JudgedTarget& one) {
    return one.located.host_rank == target.located.host_rank &&
           std::ranges::find(avoid, one.located.target.endpoint.address) != avoid.end();
  });
}

/// "TCP [2001:db8::1]:5060 unreachable (prefix: overtaken, for 3.2 s)".
std::string Describe(const JudgedTarget& target, TimePoint now) {
  const history::Verdict& verdict = target.verdict;
  std::string text = target.located.target.ToString();
  if (verdict.unavailable) text += " said 503";
  if (!IsHeld(verdict)) return text;
  text += " " + std::string(ToString(verdict.reachability)) + " (" + std::string(ToString(verdict.level));
  if (verdict.failure) text += ": " + std::string(ToString(*verdict.failure));
  return text + ", for " + Milliseconds(now - verdict.since) + ")";
}

/// Tells in the trace what memory changed, if anything.
void TraceMemory(Acquisition& acquisition, std::string reason, TimePoint now) {
  if (reason.empty()) return;
  acquisition.attempt_trace.push_back(
      {TraceWhat::kOrdering, now, now, "memory", TraceOutcome::kSucceeded, std::move(reason)});
}

/// Puts the targets of `record` before all others.
void MoveToFront(Acquisition& acquisition, std::size_t record) {
  std::vector<JudgedTarget>& targets = acquisition.judged;
  std::vector<JudgedTarget> ordered;
  ordered.reserve(targets.size());
  for (const bool wanted : {true, false}) {
    for (JudgedTarget& target : targets) {
      if ((RecordOf(*acquisition.ledger, acquisition.ledger_owner, target.located) == record) == wanted)
        ordered.push_back(std::move(target));
    }
  }
  targets = std::move(ordered);
}

}  // namespace

void Acquisitions::JudgeTargets(Acquisition& acquisition, TimePoint now) {
  if (acquisition.judged.empty()) acquisition.epoch = context_.state.unavailable_epoch;
  std::vector<JudgedTarget> judged;
  std::string held;
  for (const location::LocatedTarget& located : acquisition.locator->targets()) {
    if (const JudgedTarget* known = acquisition.FindTarget(located.target)) {
      judged.push_back(*known);
      judged.back().located = located;  // its host may have moved up
      continue;
    }
    const history::Path path{NetworkFor(acquisition.request.destination, located.source, context_.state.networks),
                             located.target};
    JudgedTarget target{located, path, context_.state.history.Judge(path, now)};
    // A 503 without a time counts for one request, which is this one.
    if (target.verdict.unavailable) context_.state.history.TakeUnavailable(path);
    if (IsSetBack(target.verdict)) held += (held.empty() ? "" : "; ") + Describe(target, now);
    judged.push_back(std::move(target));
  }
  acquisition.judged = std::move(judged);
  TraceMemory(acquisition, std::move(held), now);
  if (acquisition.locator->done()) ApplyShares(acquisition, now);
  PutAvoidedLast(acquisition, now);
  if (!acquisition.locator->done()) return;
  StartReprobes(acquisition, now);
}

void Acquisitions::ApplyShares(Acquisition& acquisition, TimePoint now) {
  const auto ledger = shares_.LedgerFor(acquisition.locator->targets(), context_.random);
  if (ledger != acquisition.ledger && acquisition.charged) {
    acquisition.ledger->TakeBack(*std::exchange(acquisition.charged, std::nullopt));
  }
  acquisition.ledger = ledger;
  if (ledger == nullptr) return;
  acquisition.ledger_owner = *acquisition.locator->targets().front().srv_owner;
  if (ledger->records().size() < 2) return;
  const auto standings = StandingsOf(acquisition, now);
  const bool trial = !acquisition.charged && UniformUpTo(context_.random, kTrialOneOf - 1) == 0;
  std::vector<bool> usable;
  for (const RecordStanding standing : standings) {
    usable.push_back(standing == RecordStanding::kUsable || (trial && standing == RecordStanding::kUnresponsive));
  }
  ledger->SetUsable(usable);
  if (!acquisition.attempts.empty()) return;  // too late to choose; whoever wins pays
  std::size_t next = acquisition.charged.value_or(ledger->Next());
  const auto unresponsive = std::ranges::find(standings, RecordStanding::kUnresponsive);
  if (trial && unresponsive != standings.end()) next = static_cast<std::size_t>(unresponsive - standings.begin());
  Charge(acquisition, next);
  MoveToFront(acquisition, next);
  const history::ShareRecord& record = ledger->records()[next];
  TraceMemory(acquisition,
              "SRV record " + record.host + ":" + std::to_string(record.port) + " is furthest behind its share", now);
}

void Acquisitions::PutAvoidedLast(Acquisition& acquisition, TimePoint now) {
  const auto wanted = [&](const JudgedTarget& one) { return !IsAvoided(acquisition, one); };
  if (std::ranges::is_partitioned(acquisition.judged, wanted)) return;
  // Not in place: whether a host is avoided is asked of all its targets.
  std::vector<JudgedTarget> ordered;
  std::ranges::copy_if(acquisition.judged, std::back_inserter(ordered), wanted);
  std::ranges::copy_if(acquisition.judged, std::back_inserter(ordered), std::not_fn(wanted));
  acquisition.judged = std::move(ordered);
  if (acquisition.locator->done()) TraceMemory(acquisition, "hosts of the set's other flows are tried last", now);
}

void Acquisitions::Charge(Acquisition& acquisition, std::size_t record) {
  // At the choice, so that requests in flight together do not all choose the same; corrected by what comes of it.
  if (acquisition.charged) acquisition.ledger->TakeBack(*acquisition.charged);
  acquisition.ledger->Served(record);
  acquisition.charged = record;
}

std::vector<Acquisitions::RecordStanding> Acquisitions::StandingsOf(const Acquisition& acquisition,
                                                                    TimePoint now) const {
  const history::ShareLedger& ledger = *acquisition.ledger;
  std::vector<bool> reachable(ledger.records().size(), false);
  std::vector<bool> refused(reachable.size(), false);
  std::vector<std::optional<Duration>> rtts(reachable.size());
  for (const JudgedTarget& target : acquisition.judged) {
    const auto record = RecordOf(ledger, acquisition.ledger_owner, target.located);
    if (!record) continue;
    if (target.verdict.unavailable) refused[*record] = true;  // a 503 speaks for the host in both families
    if (target.verdict.reachability == Reachability::kUnreachable || !HasFlowOrRoom(acquisition, target)) continue;
    reachable[*record] = true;
    const auto rtt = context_.state.RttOf(target.path, now);
    if (rtt) rtts[*record] = std::min(rtts[*record].value_or(Duration::max()), rtt->smoothed());
  }
  const std::vector<bool> responsive = history::Responsive(rtts);
  std::vector<RecordStanding> standings(reachable.size(), RecordStanding::kUnusable);
  for (std::size_t i = 0; i < standings.size(); ++i) {
    if (reachable[i] && !refused[i]) {
      standings[i] = responsive[i] ? RecordStanding::kUsable : RecordStanding::kUnresponsive;
    }
  }
  return standings;
}

bool Acquisitions::HasRoomFor(const Acquisition& acquisition, const Target& target) const {
  return acquisition.request.held || flows_.pool().HasRoomFor(target, acquisition.request.owner.tenant);
}

bool Acquisitions::HasFlowOrRoom(const Acquisition& acquisition, const JudgedTarget& target) const {
  if (HasRoomFor(acquisition, target.located.target)) return true;
  return !acquisition.request.exclusive &&
         flows_.pool().FindShareable(KeyOf(acquisition, target.located.target)) != nullptr;
}

std::vector<racing::Candidate> Acquisitions::OrderTargets(const Acquisition& acquisition) const {
  std::vector<racing::JudgedCandidate> judged;
  std::size_t group = 0;
  for (std::size_t i = 0; i < acquisition.judged.size(); ++i) {
    const JudgedTarget& target = acquisition.judged[i];
    if (i > 0 && target.located.host_rank != acquisition.judged[i - 1].located.host_rank) ++group;
    judged.push_back({{target.located.target, group}, target.verdict});
  }
  return racing::OrderByReachability(judged);
}

bool Acquisitions::BetterMayCome(const Acquisition& acquisition) const {
  if (acquisition.locator->better_may_come()) return true;
  if (acquisition.locator->done()) return false;
  return std::ranges::all_of(acquisition.judged, [&](const JudgedTarget& one) {
    return IsSetBack(one.verdict) || IsAvoided(acquisition, one);
  });
}

void Acquisitions::JudgeForRace(Acquisition& acquisition, TimePoint now) {
  if (!acquisition.attempts.empty()) return;  // too late for a head start
  const std::size_t first_host = acquisition.judged.front().located.host_rank;
  for (JudgedTarget& target : acquisition.judged) {
    // Those of other hosts would not be tried first, and the head start would be lost on them (H3).
    if (target.located.host_rank != first_host || std::exchange(target.raced, true) || !IsHeld(target.verdict))
      continue;
    const bool unavailable = target.verdict.unavailable;
    target.verdict = context_.state.history.JudgeForRace(target.path, now);
    target.verdict.unavailable = unavailable;
  }
}

void Acquisitions::StartReprobes(const Acquisition& acquisition, TimePoint now) {
  if (AllHeld(acquisition)) return;  // the race itself tries what is held
  for (const JudgedTarget& held : acquisition.judged) {
    if (!IsHeld(held.verdict) || !StartReprobe(acquisition, held, now)) continue;
    // The others of its family stand back only because of it (S2): one of them may show that the family works.
    const auto sibling = std::ranges::find_if(acquisition.judged, [&](const JudgedTarget& one) {
      return one.verdict.reachability == Reachability::kUnknown && one.located.host_rank == held.located.host_rank &&
             one.located.target.family() == held.located.target.family();
    });
    if (sibling == acquisition.judged.end() || !MayReprobe(acquisition.request.owner.tenant)) continue;
    RunReprobe(acquisition, *sibling, context_.state.history.NextReprobe(held.path, now) - now, now);
  }
}

bool Acquisitions::StartReprobe(const Acquisition& acquisition, const JudgedTarget& held, TimePoint now) {
  if (context_.state.history.NextReprobe(held.path, now) > now) return false;
  if (!MayReprobe(acquisition.request.owner.tenant)) {
    context_.state.observer.OnLimit(Limit::kReprobes);
    return false;
  }
  if (!context_.state.history.TakeReprobe(held.path, now, context_.random)) return false;
  RunReprobe(acquisition, held, context_.state.history.NextReprobe(held.path, now) - now, now);
  return true;
}

bool Acquisitions::MayReprobe(const std::string& tenant) const {
  return reprobes_.HasRoom(tenant) && attempt_slots_.HasRoom(tenant);
}

void Acquisitions::RunReprobe(const Acquisition& acquisition, const JudgedTarget& target, Duration time_limit,
                              TimePoint now) {
  std::string key = "\x1freprobe " + target.located.target.ToString() + " " +
                    std::to_string(target.path.network.value) + " " + acquisition.tls_identity;
  const std::uint64_t number = context_.NextNumber();
  if (!by_key_.try_emplace(key, number).second) return;  // one at a time
  Acquisition reprobe{.number = number,
                      .key = std::move(key),
                      .request_key = {},
                      .request = {.destination = acquisition.request.destination, .owner = acquisition.request.owner},
                      .tls_identity = acquisition.tls_identity,
                      .started = now};
  reprobe.judged = {target};
  reprobe.background = true;
  if (!acquisition.request.exclusive) reprobe.reprobe_of = acquisition.key;
  Acquisition& running = acquisitions_.emplace(number, std::move(reprobe)).first->second;
  reprobes_.Take(acquisition.request.owner.tenant);
  racing::RaceOptions options = options_.racing;  // over before the next one is due
  const bool two_stages = target.located.target.transport == Transport::kTls;
  options.connect_timeout = std::min(options.connect_timeout, two_stages ? time_limit / 2 : time_limit);
  options.tls_timeout = std::min(options.tls_timeout, time_limit / 2);
  options.probe_timeout = std::min(options.probe_timeout, time_limit);
  running.race.emplace(options, ExpectationsOf(running));
  const racing::RaceEvent event = racing::CandidatesChanged{{{target.located.target, 0}}, true, false};
  RunRace(running, {&event, 1}, now);
  if (Acquisition* still = Find(number)) Reschedule(*still);
}

TimePoint Acquisitions::LookAgainAt(const Acquisition& acquisition, TimePoint now) const {
  const bool shared = acquisition.ledger != nullptr && acquisition.ledger->records().size() > 1;
  TimePoint next = shared ? now + kJudgeRecordsAgain : kNever;
  for (const JudgedTarget& target : acquisition.judged) {
    next = std::min(next, context_.state.history.NextReprobe(target.path, now));
    if (target.verdict.unavailable) next = std::min(next, now + kLookAgainAfter503);
  }
  return std::max(next, now + (AllHeld(acquisition) ? kLookAgainWhereAllIsHeld : kLookAgainAtOnce));
}

racing::ExpectationOf Acquisitions::ExpectationsOf(const Acquisition& acquisition) const {
  // The acquisition owns the race that owns this, and does not move.
  return [this, &acquisition](const Target& target, AttemptStage stage, TimePoint now) {
    return Expectation(acquisition.FindTarget(target)->path, stage, now);
  };
}

std::optional<racing::StageExpectation> Acquisitions::Expectation(const history::Path& path, AttemptStage stage,
                                                                  TimePoint now) const {
  const auto expected = context_.state.history.Expect(path, stage, now);
  if (!expected) return std::nullopt;
  return racing::StageExpectation{expected->estimate, expected->of_target, expected->trusted};
}

}  // namespace flowbroker::engine
