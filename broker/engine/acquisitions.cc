#include "broker/engine/acquisitions.h"

#include <algorithm>
#include <utility>

#include "broker/engine/destination_key.h"

namespace flowbroker::engine {
namespace {

Trace TraceFor(const Acquisition& acquisition, const Waiter& waiter, TimePoint now) {
  Trace trace = acquisition.TraceSoFar();
  if (!waiter.shared) return trace;
  trace.steps.push_back({TraceWhat::kWait, waiter.asked, now, "equal request in flight", TraceOutcome::kSucceeded,
                         "its location and race are shared; the trace begins with that request"});
  return trace;
}

}  // namespace

Acquisitions::Acquisitions(ShardContext& context, ShardFlows& flows, FlowProbes& probes, Questions& questions,
                           Handoffs& handoffs, OnEarlyMessage on_early_message)
    : context_(context),
      options_(context.state.options),
      flows_(flows),
      probes_(probes),
      questions_(questions),
      handoffs_(handoffs),
      on_early_message_(std::move(on_early_message)),
      waiters_(context_.SlotsOf(options_.max_requests)),
      foreground_(context_.SlotsOf(options_.max_requests)),
      attempt_slots_(context_.SlotsOf(options_.max_attempts)),
      reprobes_(context_.SlotsOf(options_.max_reprobes)),
      destinations_(2 * options_.flows.max_flows),
      shares_(options_.flows.max_flows),
      answered_(waiters_.slots(), options_.tenant_share) {}

Acquisition* Acquisitions::Find(std::uint64_t number) {
  const auto found = acquisitions_.find(number);
  return found == acquisitions_.end() ? nullptr : &found->second;
}

std::uint64_t Acquisitions::Start(const AcquireRequest& request, std::string_view key, AcquireCallback done,
                                  TimePoint now) {
  if (context_.stopping) return Refuse(request, std::move(done), {FailureReason::kShuttingDown, ""}, now);
  const auto answered = answered_.Find(request.owner, request.request_id, now);
  if (answered && answered->request_key != RequestKey(request, key)) {
    return Refuse(request, std::move(done), {FailureReason::kAlreadyInUse, "request_id was used for another request"},
                  now);
  }
  if (request.handoff && options_.handoff.socket.empty()) {
    return Refuse(request, std::move(done),
                  {FailureReason::kInvalidArgument, "this broker has no handoff-socket", "handoff"}, now);
  }
  if (auto refusal = RefusalFor(request.owner.tenant)) return Refuse(request, std::move(done), *refusal, now);
  auto [acquisition, created] = FindOrCreate(request, key, now);
  const std::uint64_t number = acquisition.number;
  const std::uint64_t waiter = AddWaiter(acquisition, request, std::move(done), !created, now);
  if (created) {
    const auto stale = FindKnownFlow(request, key, now);
    if (!stale || !HedgeWithProbe(acquisition, *stale->flow, now)) {
      BeginLocating(acquisition, now);
    } else {
      acquisition.ledger = stale->ledger;
      if (stale->ledger != nullptr) Charge(acquisition, stale->record);
    }
  }
  if (Acquisition* still = Find(number)) Reschedule(*still);
  return waiter;
}

std::optional<Failure> Acquisitions::RefusalFor(const std::string& tenant) const {
  if (waiters_.HasRoom(tenant) && foreground_.HasRoom(tenant)) return std::nullopt;
  return context_.RequestsLimit(waiters_.HasRoom(tenant) ? foreground_ : waiters_);
}

std::uint64_t Acquisitions::Refuse(const AcquireRequest& request, AcquireCallback done, Failure failure,
                                   TimePoint now) {
  AcquireResult result{Unexpected(std::move(failure)), {now, {}}};
  context_.state.observer.OnAcquired({.result = result,
                                      .took = Duration{0},
                                      .destination = request.destination,
                                      .owner = request.owner,
                                      .request_id = request.request_id,
                                      .trace_parent = request.trace_parent});
  context_.actions.calls.emplace_back([done = std::move(done), result = std::move(result)] { done(result); });
  return context_.NextNumber();
}

std::pair<Acquisition&, bool> Acquisitions::FindOrCreate(const AcquireRequest& request, std::string_view key,
                                                         TimePoint now) {
  const std::uint64_t number = context_.NextNumber();
  std::string own_key = RequestKey(request, key);
  // An exclusive flow is not shared - except between a request and its own retries.
  if (request.exclusive)
    own_key += request.request_id.empty() ? "#" + std::to_string(number) : "=" + request.request_id;
  const auto [entry, created] = by_key_.try_emplace(own_key, number);
  if (!created) return {acquisitions_.at(entry->second), false};
  Acquisition acquisition{.number = number,
                          .key = std::move(own_key),
                          .request_key = RequestKey(request, key),
                          .request = request,
                          .tls_identity = TlsIdentityOf(request.destination),
                          .started = now};
  foreground_.Take(request.owner.tenant);
  return {acquisitions_.emplace(number, std::move(acquisition)).first->second, true};
}

std::uint64_t Acquisitions::AddWaiter(Acquisition& acquisition, const AcquireRequest& request, AcquireCallback done,
                                      bool shared, TimePoint now) {
  const std::uint64_t number = context_.NextNumber();
  requests_.emplace(number, acquisition.number);
  waiters_.Take(acquisition.request.owner.tenant);
  acquisition.waiters.emplace(number, Waiter{.done = std::move(done),
                                             .asked = now,
                                             .deadline = request.deadline,
                                             .request_id = request.request_id,
                                             .trace_parent = request.trace_parent,
                                             .want_trace = request.want_trace,
                                             .shared = shared});
  context_.state.observer.OnRequestsWaiting(1);
  acquisition.deadlines.emplace(request.deadline, number);
  return number;
}

void Acquisitions::BeginLocating(Acquisition& acquisition, TimePoint now) {
  acquisition.locator.emplace(LocateRequestFor(acquisition.request.destination, context_.egress()), options_.location,
                              context_.sources, context_.random);
  questions_.Ask(*acquisition.locator, acquisition.number, acquisition.request.owner.tenant,
                 acquisition.locator->Start(now), now);
  OnTargets(acquisition, now);
}

bool Acquisitions::OnAnswer(std::uint64_t number, const dns::Question& question, const SharedResolver::Answer& answer,
                            TimePoint now) {
  Acquisition* acquisition = Find(number);
  if (acquisition == nullptr) return false;
  location::ServerLocator& locator = *acquisition->locator;
  questions_.Ask(locator, number, acquisition->request.owner.tenant,
                 locator.OnAnswer(question, answer.records, answer.origin, now), now);
  OnTargets(*acquisition, now);
  if (Acquisition* still = Find(number)) Reschedule(*still);
  return true;
}

void Acquisitions::OnTargets(Acquisition& acquisition, TimePoint now) {
  if (acquisition.hedge_at != kNever || acquisition.borrowing) return;  // an existing flow is being asked first
  const location::ServerLocator& locator = *acquisition.locator;
  if (locator.targets().empty()) {
    if (locator.done()) Fail(acquisition, locator.failure(), now);
    return;
  }
  JudgeTargets(acquisition, now);
  if (!acquisition.race && UseExistingFlow(acquisition, OrderTargets(acquisition), now)) return;
  const flow::Flow* probed = acquisition.probed ? flows_.pool().Find(*acquisition.probed) : nullptr;
  const bool probing = probed != nullptr && probed->probing;  // that flow may answer yet, or make room
  if (!acquisition.race && !flows_.HasRoomFor(acquisition.request.owner)) {
    if (!probing) Fail(acquisition, flows_.TenantLimitReached(), now);
    return;
  }
  JudgeForRace(acquisition, now);
  racing::CandidatesChanged changed{OrderTargets(acquisition), locator.done(), BetterMayCome(acquisition)};
  std::erase_if(changed.candidates, [&](const auto& one) { return !HasRoomFor(acquisition, one.target); });
  if (changed.candidates.empty()) {
    if (!changed.complete || probing) return;
    context_.state.observer.OnLimit(Limit::kFlowsPerTarget);
    return Fail(acquisition, {FailureReason::kLimitReached, "max_flows_per_target: every target has its full number"},
                now);
  }
  if (!acquisition.race) acquisition.race.emplace(options_.racing, ExpectationsOf(acquisition));
  const racing::RaceEvent event = std::move(changed);
  RunRace(acquisition, {&event, 1}, now);
}

void Acquisitions::Answer(Acquisition& acquisition, flow::Flow& flow, FlowSource source, TimePoint now) {
  flows_.pool().NoteActivity(flow, now);
  flow.CountAcquires(acquisition.waiters.size());
  Answer(acquisition, Acquired(flow, source, now), now);
}

void Acquisitions::Answer(Acquisition& acquisition, AcquiredFlow flow, TimePoint now) {
  RememberDestination(acquisition, flow, now);
  CountShare(acquisition, flow);
  if (!acquisition.waiters.empty()) LogRace(acquisition, flow, now);
  const bool raced = flow.source == FlowSource::kRaced;
  for (auto& [number, waiter] : acquisition.waiters) {
    if (raced) flow.source = waiter.shared ? FlowSource::kShared : FlowSource::kRaced;
    answered_.Remember(acquisition.request.owner, waiter.request_id, {flow.id, acquisition.request_key}, now);
    AcquireResult result{flow, {waiter.asked, {}}};
    if (waiter.want_trace) result.trace = TraceFor(acquisition, waiter, now);
    Tell(acquisition, waiter, result, now);
    context_.actions.calls.emplace_back([done = std::move(waiter.done), result = std::move(result)] { done(result); });
    requests_.erase(number);
    waiters_.Give(acquisition.request.owner.tenant);
  }
  acquisition.waiters.clear();
  Erase(acquisition, now);
}

void Acquisitions::LogRace(const Acquisition& acquisition, Expected<AcquiredFlow> flow, TimePoint now) {
  RaceLog& races = context_.state.races;
  if (!acquisition.locator || !races.enabled()) return;
  if (flow) flow->handoff.reset();  // a secret is remembered nowhere
  races.Append(RecordOf(acquisition, std::move(flow), now));
}

void Acquisitions::Tell(const Acquisition& acquisition, const Waiter& waiter, const AcquireResult& result,
                        TimePoint now) {
  context_.state.observer.OnRequestsWaiting(-1);
  const std::function<Trace()> story = [&] { return TraceFor(acquisition, waiter, now); };
  context_.state.observer.OnAcquired({.result = result,
                                      .took = now - waiter.asked,
                                      .destination = acquisition.request.destination,
                                      .owner = acquisition.request.owner,
                                      .request_id = waiter.request_id,
                                      .trace_parent = waiter.trace_parent,
                                      .stale_dns = acquisition.UsedStaleDns(),
                                      .story = &story});
}

void Acquisitions::Fail(Acquisition& acquisition, const Failure& failure, TimePoint now) {
  if (acquisition.background) context_.state.observer.OnReprobe(acquisition.judged.front().path, failure.reason);
  while (!acquisition.waiters.empty()) EndWaiter(acquisition, acquisition.waiters.begin()->first, failure, now);
  Erase(acquisition, now);
}

void Acquisitions::EndWaiter(Acquisition& acquisition, std::uint64_t number, const Failure& failure, TimePoint now) {
  auto waiter = acquisition.waiters.extract(number);
  if (waiter.empty()) return;
  requests_.erase(number);
  waiters_.Give(acquisition.request.owner.tenant);
  acquisition.deadlines.erase({waiter.mapped().deadline, number});
  if (acquisition.waiters.empty()) LogRace(acquisition, Unexpected(failure), now);
  AcquireResult result{Unexpected(failure), TraceFor(acquisition, waiter.mapped(), now)};
  Tell(acquisition, waiter.mapped(), result, now);
  context_.actions.calls.emplace_back(
      [done = std::move(waiter.mapped().done), result = std::move(result)] { done(result); });
}

void Acquisitions::ExpireWaiters(Acquisition& acquisition, TimePoint now) {
  while (!acquisition.deadlines.empty() && acquisition.deadlines.begin()->first <= now) {
    const Failure failure{FailureReason::kDeadlineExceeded, acquisition.StateOfAttempts(now)};
    EndWaiter(acquisition, acquisition.deadlines.begin()->second, failure, now);
  }
}

void Acquisitions::Cancel(std::uint64_t request, TimePoint now) {
  const auto found = requests_.find(request);
  if (found == requests_.end()) return;
  Acquisition& acquisition = acquisitions_.at(found->second);
  EndWaiter(acquisition, request, {FailureReason::kCancelled, ""}, now);
  if (IsAbandoned(acquisition)) return Erase(acquisition, now);
  Reschedule(acquisition);
}

bool Acquisitions::OnTimer(std::uint64_t number, TimePoint now) {
  if (Find(number) == nullptr) return false;
  const bool woken = std::exchange(Find(number)->woken, false);
  MoveOn(number, now);
  if (woken) WakeStarved();
  return true;
}

void Acquisitions::MoveOn(std::uint64_t number, TimePoint now) {
  Acquisition* acquisition = Find(number);
  DriveProbes(*acquisition, now);
  if (acquisition->hedge_at <= now) OnHedgeDue(*acquisition, now);
  if (Find(number) != nullptr && acquisition->race) {
    auto events = std::exchange(acquisition->race_events, {});
    events.emplace_back(racing::TimerFired{});
    RunRace(*acquisition, events, now);
  }
  if (Find(number) == nullptr) return;
  ExpireWaiters(*acquisition, now);
  if (IsAbandoned(*acquisition)) {
    Erase(*acquisition, now);
  } else {
    Reschedule(*acquisition);
  }
}

bool Acquisitions::IsAbandoned(const Acquisition& acquisition) {
  // What is in flight goes on for the pool's and the memory's benefit, unless nobody else could use an exclusive flow.
  return acquisition.waiters.empty() && (acquisition.request.exclusive || acquisition.attempts.empty());
}

void Acquisitions::Stop(const Failure& failure, TimePoint now) {
  while (!acquisitions_.empty()) Fail(acquisitions_.begin()->second, failure, now);
}

void Acquisitions::OnEgressChanged(TimePoint now) {
  destinations_.Clear();  // what is allowed now may be better than what was known
  for (auto& [number, acquisition] : acquisitions_) {
    std::vector<racing::AttemptId> forbidden;
    for (const Attempt& attempt : acquisition.attempts) {
      if (!context_.live->egress.Allows(attempt.path.target)) forbidden.push_back(attempt.id);
    }
    for (const racing::AttemptId id : forbidden) {
      FailAttempt(acquisition, id, {FailureReason::kForbidden, "the egress policy has changed"}, now);
    }
  }
}

void Acquisitions::Reschedule(Acquisition& acquisition) {
  context_.deadlines.Move(acquisition.number, acquisition.scheduled, acquisition.NextDeadline());
}

void Acquisitions::Erase(Acquisition& acquisition, TimePoint now) {
  if (acquisition.race && !acquisition.race->finished()) {
    const racing::RaceEvent abandoned = racing::Abandoned{};
    for (const racing::RaceAction& action : acquisition.race->On({&abandoned, 1}, now)) {
      if (const auto* cancel = std::get_if<racing::CancelAttempt>(&action)) {
        EndAttempt(acquisition, cancel->id, TraceOutcome::kLost, {cancel->reason, ""}, now);
      }
    }
  }
  context_.deadlines.Move(acquisition.number, acquisition.scheduled, kNever);
  by_key_.erase(std::string(acquisition.key));
  const bool woken = acquisition.woken;
  if (acquisition.charged) acquisition.ledger->TakeBack(*acquisition.charged);  // it ends without a flow
  const std::string& tenant = acquisition.request.owner.tenant;
  if (acquisition.starved) attempt_slots_.Leave(tenant, acquisition.number);
  (acquisition.background ? reprobes_ : foreground_).Give(tenant);
  acquisitions_.erase(std::uint64_t{acquisition.number});
  if (woken) WakeStarved();
}

}  // namespace flowbroker::engine
