// What existing flows can do for a request (H12, S1, S8): answer it at once, answer it after a probe, or nothing.

#include <algorithm>
#include <utility>

#include "broker/engine/acquisitions.h"
#include "broker/engine/destination_key.h"
#include "broker/racing/attempt_delay.h"

namespace flowbroker::engine {

namespace {

std::string WhyItServes(const flow::Flow& flow, const std::string& identity) {
  const std::string& verified = flow.key.tls_identity;
  if (verified.empty() || verified == identity) return "fresh flow";
  return "fresh flow; the certificate of " + verified + " also carries " + identity + " (O3)";
}

void TracePool(Acquisition& acquisition, const Target& target, std::string why, TimePoint now) {
  acquisition.attempt_trace.push_back(
      {TraceWhat::kPool, now, now, target.ToString(), TraceOutcome::kSucceeded, std::move(why)});
}

}  // namespace

std::optional<AcquireResult> Acquisitions::TryPooled(const AcquireRequest& request, std::string_view key,
                                                     TimePoint now) {
  if (context_.stopping) return std::nullopt;
  const auto answered = answered_.Find(request.owner, request.request_id, now);
  flow::Flow* flow = nullptr;
  if (answered) {
    if (answered->request_key != RequestKey(request, key)) return std::nullopt;  // Start refuses it
    flow = flows_.pool().Find(answered->flow);
  }
  const std::string_view why = flow != nullptr ? "same request id" : "fresh flow";
  if (flow == nullptr) {
    const auto known = FindKnownFlow(request, key, now);
    if (!known || (request.time_sensitive && !flows_.IsFresh(*known->flow, now))) return std::nullopt;
    flow = known->flow;
    if (known->ledger != nullptr) known->ledger->Served(known->record);
  }
  flows_.pool().NoteActivity(*flow, now);
  flow->CountAcquires(1);
  AcquireResult result{Acquired(*flow, FlowSource::kPooled, now), {now, {}}};
  if (request.want_trace) {
    result.trace.steps.push_back(
        {TraceWhat::kPool, now, now, flow->key.remote.ToString(), TraceOutcome::kSucceeded, std::string(why)});
  }
  return result;
}

std::optional<Acquisitions::KnownFlow> Acquisitions::FindKnownFlow(const AcquireRequest& request, std::string_view key,
                                                                   TimePoint now) {
  if (request.exclusive) return std::nullopt;
  KnownDestinations::Known* known = destinations_.Find(key, now);
  if (known == nullptr) return std::nullopt;
  const std::size_t record = known->ledger == nullptr ? 0 : known->ledger->Next();
  if (!known->flows[record]) return std::nullopt;  // a flow to another record is no excuse to starve this one (S5)
  flow::Flow* flow = flows_.pool().Find(*known->flows[record]);
  if (flow == nullptr) return std::nullopt;
  const std::uint64_t epoch = context_.state.unavailable_epoch;
  if (known->epoch != epoch) {  // some server said 503
    if (context_.state.history.Judge(flow->path(), now).unavailable) return std::nullopt;
    known->epoch = epoch;
  }
  return KnownFlow{flow, known->ledger, record};
}

void Acquisitions::AnswerFromPool(Acquisition& acquisition, flow::Flow& flow, TimePoint now) {
  TracePool(acquisition, flow.key.remote, WhyItServes(flow, acquisition.tls_identity), now);
  Answer(acquisition, flow, FlowSource::kPooled, now);
}

bool Acquisitions::UseExistingFlow(Acquisition& acquisition, std::span<const racing::Candidate> candidates,
                                   TimePoint now) {
  if (acquisition.request.exclusive || acquisition.locator->better_may_come()) return false;
  const std::size_t first_host = acquisition.FindTarget(candidates.front().target)->located.host_rank;
  for (const racing::Candidate& candidate : candidates) {
    // An existing flow to one host is no excuse to starve a better one (S5).
    if (acquisition.FindTarget(candidate.target)->located.host_rank != first_host) continue;
    flow::Flow* flow = flows_.pool().FindShareable(KeyOf(acquisition, candidate.target));
    if (flow == nullptr) continue;
    if (flows_.IsFresh(*flow, now) || !acquisition.request.time_sensitive) {
      AnswerFromPool(acquisition, *flow, now);  // S1: a target with a flow comes first
      return true;
    }
    if (HedgeWithProbe(acquisition, *flow, now)) return true;
  }
  return Borrow(acquisition, candidates);
}

bool Acquisitions::Borrow(Acquisition& acquisition, std::span<const racing::Candidate> candidates) {
  const auto& arrange = context_.state.on_loan_wanted;
  if (!arrange || acquisition.has_borrowed) return false;
  LoanRequest request{context_.index, acquisition.number, acquisition.request.time_sensitive, {}};
  const std::size_t first_host = acquisition.FindTarget(candidates.front().target)->located.host_rank;
  for (const racing::Candidate& candidate : candidates) {
    if (acquisition.FindTarget(candidate.target)->located.host_rank != first_host) continue;
    const flow::FlowKey wanted = KeyOf(acquisition, candidate.target);
    for (const std::uint8_t shard : context_.state.places.ShardsWith(wanted, context_.index))
      request.offers.push_back({shard, wanted});
  }
  if (request.offers.empty()) return false;
  acquisition.borrowing = acquisition.has_borrowed = true;
  context_.actions.calls.emplace_back([&arrange, request = std::move(request)] { arrange(request); });
  return true;
}

std::optional<Loan> Acquisitions::Lend(const flow::FlowKey& wanted, bool fresh_only, TimePoint now) {
  flow::Flow* flow = flows_.pool().FindShareable(wanted);
  // One that has to be probed first would keep the other shard waiting: it races instead.
  if (flow == nullptr || (fresh_only && !flows_.IsFresh(*flow, now))) return std::nullopt;
  flows_.pool().NoteActivity(*flow, now);
  flow->CountAcquires(1);
  return Loan{Acquired(*flow, FlowSource::kPooled, now), WhyItServes(*flow, wanted.tls_identity)};
}

void Acquisitions::OnLoan(std::uint64_t number, const std::optional<Loan>& loan, TimePoint now) {
  Acquisition* acquisition = Find(number);
  if (acquisition == nullptr) return;
  acquisition->borrowing = false;
  if (loan) {
    TracePool(*acquisition, loan->flow.remote, loan->why, now);
    Answer(*acquisition, loan->flow, now);
  } else {
    OnTargets(*acquisition, now);
  }
  if (Acquisition* still = Find(number)) Reschedule(*still);
}

bool Acquisitions::HedgeWithProbe(Acquisition& acquisition, flow::Flow& flow, TimePoint now) {
  if (acquisition.probed || !acquisition.request.time_sensitive) return false;
  const Target& target = flow.key.remote;
  acquisition.probed = flow.id;
  acquisition.probe_step = acquisition.attempt_trace.size();
  acquisition.attempt_trace.push_back({TraceWhat::kProbe, now, now, "existing flow to " + target.ToString(),
                                       TraceOutcome::kPending, "no recent sign of life"});
  probes_.Start(flow, acquisition.number, now);
  // H12: the flow is asked first; the race starts beside it once an answer is later than expected.
  auto expectation = Expectation(flow.path(), AttemptStage::kProbe, now);
  if (!expectation) expectation = Expectation(flow.path(), FirstStage(target.transport), now);
  acquisition.hedge_at = now + racing::AttemptDelay(expectation, options_.racing.delay);
  return true;
}

void Acquisitions::OnHedgeDue(Acquisition& acquisition, TimePoint now) {
  acquisition.hedge_at = kNever;
  if (!acquisition.locator) return BeginLocating(acquisition, now);
  OnTargets(acquisition, now);
}

void Acquisitions::OnProbeEnded(const FlowProbes::Ended& ended, TimePoint now) {
  for (const std::uint64_t number : ended.acquisitions) {
    Acquisition* acquisition = Find(number);
    if (acquisition == nullptr) continue;
    TraceStep& step = acquisition->attempt_trace[acquisition->probe_step];
    step.end = now;
    step.outcome = ended.alive ? TraceOutcome::kSucceeded : TraceOutcome::kFailed;
    step.failure = ended.failure;
    if (ended.alive) step.reason = "answered: " + ended.answer;
    if (ended.alive) {
      Answer(*acquisition, *flows_.pool().Find(ended.flow), FlowSource::kProbed, now);
    } else if (!acquisition->race) {
      OnHedgeDue(*acquisition, now);
    }
    if (Acquisition* still = Find(number)) Reschedule(*still);
  }
}

flow::FlowKey Acquisitions::KeyOf(const Acquisition& acquisition, const Target& target) const {
  const Destination& destination = acquisition.request.destination;
  return {.remote = target,
          .tls_identity = target.transport == Transport::kTls ? acquisition.tls_identity : std::string(),
          .local_address = destination.local_address,
          .local_interface = destination.local_interface,
          .owner = acquisition.request.owner};
}

AcquiredFlow Acquisitions::Acquired(flow::Flow& flow, FlowSource source, TimePoint now) const {
  constexpr Duration kTimersLast = std::chrono::seconds(1);  // two look-ups in memory were a tenth of a pooled answer
  if (now >= flow.timers_until) {
    flow.timers = history::AdviseTimers(context_.state.RttOf(flow.path(), now), options_.timers);
    flow.timers_until = now + kTimersLast;
  }
  return {flow.id, flow.key.remote, flow.local,
          source,  flow.timers,     flow.handoff ? handoffs_.GrantOf(flow) : std::nullopt};
}

void Acquisitions::RememberDestination(const Acquisition& acquisition, const AcquiredFlow& flow, TimePoint now) {
  if (acquisition.request.exclusive || !acquisition.locator) return;  // not located: it came from there
  const JudgedTarget* target = acquisition.FindTarget(flow.remote);
  if (target == nullptr) return;
  // Won before all records were known: the next request must not take it for the only way (S5).
  if (target->located.srv_owner && !acquisition.locator->done()) return;
  const auto record = acquisition.ledger == nullptr
                          ? std::nullopt
                          : RecordOf(*acquisition.ledger, acquisition.ledger_owner, target->located);
  const TimePoint valid_until = std::min(acquisition.locator->valid_until(), LookAgainAt(acquisition, now));
  destinations_.Remember(acquisition.key,
                         {.valid_until = valid_until,
                          .epoch = acquisition.epoch,
                          .ledger = record ? acquisition.ledger : nullptr,
                          .flows = {}},
                         record.value_or(0), flow.id);
}

void Acquisitions::CountShare(Acquisition& acquisition, const AcquiredFlow& flow) {
  if (acquisition.ledger == nullptr) return;
  history::ShareLedger& ledger = *acquisition.ledger;
  const JudgedTarget* target = acquisition.FindTarget(flow.remote);
  auto record = acquisition.charged;  // not located: the flow that was probed is that of the record charged
  if (target != nullptr) record = RecordOf(ledger, acquisition.ledger_owner, target->located);
  if (acquisition.charged) ledger.TakeBack(*std::exchange(acquisition.charged, std::nullopt));
  for (std::size_t i = 0; record && i < acquisition.waiters.size(); ++i) ledger.Served(*record);
}

}  // namespace flowbroker::engine
