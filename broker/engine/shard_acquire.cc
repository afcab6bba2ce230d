// From request to answer: the pool, location, and everyone who waits.

#include <algorithm>
#include <deque>
#include <utility>

#include "broker/engine/destination_key.h"
#include "broker/engine/shard_core.h"
#include "broker/racing/attempt_delay.h"

namespace flowbroker::engine {
namespace {

/// How long an answered request id is remembered (AcquireRequest.request_id).
constexpr Duration kRequestIdLifetime = std::chrono::minutes(1);

std::string RecentKey(const std::string& client_group, const std::string& request_id) {
  return client_group + '\x1f' + request_id;
}

}  // namespace

std::optional<AcquireResult> ShardCore::TryPooled(const AcquireRequest& request, std::string_view key, TimePoint now) {
  if (stopping_) return std::nullopt;
  flow::Flow* flow = nullptr;
  std::string_view why = "fresh flow";
  if (!request.request_id.empty()) {
    const auto recent = recent_answers_.find(RecentKey(request.client_group, request.request_id));
    if (recent != recent_answers_.end() && now < recent->second.until) flow = pool_.Find(recent->second.flow);
    why = "same request id";
  }
  if (flow == nullptr && !request.exclusive) {
    const auto destination = destinations_.find(key);
    if (destination == destinations_.end()) return std::nullopt;
    flow = pool_.Find(destination->second.flow);
    if (flow == nullptr) {
      destinations_.erase(destination);
      return std::nullopt;
    }
    if (now >= destination->second.valid_until) return std::nullopt;
    if (request.time_sensitive && !IsFresh(*flow, now)) return std::nullopt;
  }
  if (flow == nullptr) return std::nullopt;
  pool_.NoteActivity(*flow, now);
  AcquireResult result{Acquired(*flow, FlowSource::kPooled), {now, {}}};
  if (request.want_trace) {
    result.trace.steps.push_back(
        {TraceWhat::kPool, now, now, flow->key.remote.ToString(), TraceOutcome::kSucceeded, std::string(why)});
  }
  return result;
}

std::uint64_t ShardCore::Acquire(AcquireRequest request, std::string_view key, AcquireCallback done, TimePoint now) {
  const auto refuse = [&](FailureReason reason, std::string detail) {
    AcquireResult result{Unexpected({reason, std::move(detail)}), {now, {}}};
    actions_.calls.emplace_back([done = std::move(done), result = std::move(result)] { done(result); });
    return ++last_number_;
  };
  if (stopping_) return refuse(FailureReason::kShuttingDown, "");
  if (requests_.size() >= max_requests_) {
    state_.observer.OnLimit(Limit::kRequests);
    return refuse(FailureReason::kLimitReached, "max_requests: too many requests in flight");
  }
  const std::size_t before = acquisitions_.size();
  Acquisition& acquisition = FindOrCreateAcquisition(request, key, now);
  const bool created = acquisitions_.size() > before;
  const std::uint64_t number = AddWaiter(acquisition, request, std::move(done), !created, now);
  const std::uint64_t acquisition_number = acquisition.number;
  if (created) {
    const auto known = destinations_.find(key);
    flow::Flow* stale = known == destinations_.end() || request.exclusive ? nullptr : pool_.Find(known->second.flow);
    if (stale == nullptr || now >= known->second.valid_until || !HedgeProbe(acquisition, *stale, now)) {
      BeginLocating(acquisition, now);
    }
  }
  if (Acquisition* still = FindAcquisition(acquisition_number)) Reschedule(*still);
  return number;
}

Acquisition& ShardCore::FindOrCreateAcquisition(const AcquireRequest& request, std::string_view key, TimePoint now) {
  const std::uint64_t number = ++last_number_;
  std::string own_key(key);
  // An exclusive flow is not shared - except between a request and its own retries.
  if (request.exclusive)
    own_key += "\x1f!" + (request.request_id.empty() ? std::to_string(number) : request.request_id);
  const auto [entry, created] = by_key_.try_emplace(own_key, number);
  if (!created) return acquisitions_.at(entry->second);
  return acquisitions_
      .emplace(number, Acquisition{.number = number,
                                   .key = std::move(own_key),
                                   .request = request,
                                   .tls_identity = TlsIdentityOf(request.destination),
                                   .started = now})
      .first->second;
}

std::uint64_t ShardCore::AddWaiter(Acquisition& acquisition, const AcquireRequest& request, AcquireCallback done,
                                   bool shared, TimePoint now) {
  const std::uint64_t number = ++last_number_;
  requests_.emplace(number, acquisition.number);
  acquisition.waiters.emplace(number, Waiter{.done = std::move(done),
                                             .asked = now,
                                             .deadline = request.deadline,
                                             .request_id = request.request_id,
                                             .want_trace = request.want_trace,
                                             .shared = shared});
  acquisition.deadlines.emplace(request.deadline, number);
  return number;
}

bool ShardCore::HedgeProbe(Acquisition& acquisition, flow::Flow& flow, TimePoint now) {
  if (acquisition.probed || !acquisition.request.time_sensitive) return false;
  acquisition.probed = flow.id;
  StartProbe(flow, now).acquisitions.push_back(acquisition.number);
  // H12: the flow is asked first; the race starts beside it once an answer is later than expected.
  acquisition.hedge_at =
      now + racing::AttemptDelay(Expectation(flow.key.remote, AttemptStage::kProbe), state_.options.racing.delay);
  return true;
}

void ShardCore::OnHedgeDue(Acquisition& acquisition, TimePoint now) {
  acquisition.hedge_at = kNever;
  if (!acquisition.locator) return BeginLocating(acquisition, now);
  OnTargets(acquisition, now);
}

void ShardCore::BeginLocating(Acquisition& acquisition, TimePoint now) {
  acquisition.locator.emplace(LocateRequestFor(acquisition.request.destination), state_.options.location, sources_,
                              random_);
  Feed(*acquisition.locator, acquisition.number, acquisition.locator->Start(now), now);
  OnTargets(acquisition, now);
}

void ShardCore::Feed(location::ServerLocator& locator, std::uint64_t asker, std::vector<dns::Question> questions,
                     TimePoint now) {
  for (std::size_t next = 0; next < questions.size(); ++next) {
    const dns::Question question = questions[next];
    auto asked = state_.resolver.Ask(question, index_, now);
    if (const auto* answer = std::get_if<SharedResolver::Answer>(&asked)) {
      const auto more = locator.OnAnswer(question, answer->records, answer->origin, now);
      questions.insert(questions.end(), more.begin(), more.end());
      continue;
    }
    asking_[question].push_back(asker);
    if (std::get<SharedResolver::Instruction>(asked) == SharedResolver::Instruction::kAsk) {
      actions_.io.emplace_back(AskDns{question});
    }
  }
}

void ShardCore::OnDnsAnswer(const dns::Question& question, const SharedResolver::Answer& answer, TimePoint now) {
  const auto waiting = asking_.extract(question);
  if (waiting.empty()) return;
  location::AnswerOrigin origin = answer.origin;
  for (const std::uint64_t number : waiting.mapped()) {
    if (Acquisition* acquisition = FindAcquisition(number)) {
      Feed(*acquisition->locator, number, acquisition->locator->OnAnswer(question, answer.records, origin, now), now);
      OnTargets(*acquisition, now);
      if (FindAcquisition(number) != nullptr) Reschedule(*acquisition);
    } else if (const auto resolution = resolutions_.find(number); resolution != resolutions_.end()) {
      auto& locator = resolution->second.locator;
      Feed(locator, number, locator.OnAnswer(question, answer.records, origin, now), now);
      OnResolutionMoved(resolution->second);
    }
    if (origin == location::AnswerOrigin::kServer) origin = location::AnswerOrigin::kShared;
  }
}

void ShardCore::OnTargets(Acquisition& acquisition, TimePoint now) {
  if (acquisition.hedge_at != kNever) return;  // an existing flow is being asked first
  const auto& targets = acquisition.locator->targets();
  if (targets.empty()) {
    if (acquisition.locator->done()) Fail(acquisition, acquisition.locator->failure(), now);
    return;
  }
  if (!acquisition.race && UseExistingFlow(acquisition, now)) return;
  racing::CandidatesChanged changed{{}, acquisition.locator->done(), acquisition.locator->better_may_come()};
  for (const location::LocatedTarget& located : targets) {
    if (pool_.HasRoomFor(located.target)) changed.candidates.push_back({located.target, located.host_rank});
  }
  const bool all_full = changed.candidates.empty();
  if (all_full) state_.observer.OnLimit(Limit::kFlowsPerTarget);
  if (all_full && changed.complete) {
    return Fail(acquisition, {FailureReason::kLimitReached, "max_flows_per_target: every target has its full number"},
                now);
  }
  if (!acquisition.race) {
    acquisition.race.emplace(state_.options.racing,
                             [this](const Target& target, AttemptStage stage) { return Expectation(target, stage); });
  }
  const racing::RaceEvent event = std::move(changed);
  RunRace(acquisition, {&event, 1}, now);
}

bool ShardCore::UseExistingFlow(Acquisition& acquisition, TimePoint now) {
  if (acquisition.request.exclusive || acquisition.locator->better_may_come()) return false;
  const auto& targets = acquisition.locator->targets();
  for (const location::LocatedTarget& located : targets) {
    // An existing flow to one SRV record is no excuse to starve a better one (S5).
    if (located.host_rank != targets.front().host_rank) return false;
    flow::Flow* flow = pool_.FindShareable(KeyOf(acquisition, located.target));
    if (flow == nullptr) continue;
    if (IsFresh(*flow, now) || !acquisition.request.time_sensitive) {
      Answer(acquisition, *flow, FlowSource::kPooled, now);  // S1: a target with a flow comes first
      return true;
    }
    if (HedgeProbe(acquisition, *flow, now)) return true;
  }
  return false;
}

flow::FlowKey ShardCore::KeyOf(const Acquisition& acquisition, const Target& target) const {
  const Destination& destination = acquisition.request.destination;
  return {.remote = target,
          .tls_identity = target.transport == Transport::kTls ? acquisition.tls_identity : std::string(),
          .local_address = destination.local_address,
          .local_interface = destination.local_interface,
          .client_group = acquisition.request.client_group};
}

AcquiredFlow ShardCore::Acquired(const flow::Flow& flow, FlowSource source) const {
  const auto probe = state_.history.Expect(flow.key.remote, AttemptStage::kProbe);
  const auto expected = probe ? probe : state_.history.Expect(flow.key.remote, FirstStage(flow.key.remote.transport));
  const auto estimate = expected ? std::optional(expected->estimate) : std::nullopt;
  return {flow.id, flow.key.remote, flow.local, source, history::AdviseTimers(estimate, state_.options.timers)};
}

void ShardCore::RememberAnswer(const std::string& request_id, const std::string& group, flow::FlowId flow,
                               TimePoint now) {
  if (request_id.empty()) return;
  while (!recent_age_.empty() && (recent_age_.front().first <= now || recent_age_.size() >= max_requests_)) {
    const auto oldest = recent_answers_.find(recent_age_.front().second);
    if (oldest != recent_answers_.end() && oldest->second.until == recent_age_.front().first) {
      recent_answers_.erase(oldest);
    }
    recent_age_.pop_front();
  }
  const std::string key = RecentKey(group, request_id);
  recent_answers_.insert_or_assign(key, RecentAnswer{flow, now + kRequestIdLifetime});
  recent_age_.emplace_back(now + kRequestIdLifetime, key);
}

void ShardCore::RememberDestination(const Acquisition& acquisition, const flow::Flow& flow) {
  if (acquisition.request.exclusive) return;
  // A shortcut only, so losing any one entry costs a look into the DNS cache.
  if (destinations_.size() >= 2 * state_.options.flows.max_flows) destinations_.erase(destinations_.begin());
  const auto entry = destinations_.try_emplace(acquisition.key, LastFlow{flow.id, kNever}).first;
  entry->second.flow = flow.id;
  if (acquisition.locator) entry->second.valid_until = acquisition.locator->valid_until();
}

void ShardCore::Answer(Acquisition& acquisition, const flow::Flow& flow, FlowSource source, TimePoint now) {
  RememberDestination(acquisition, flow);
  if (flow::Flow* pooled = pool_.Find(flow.id)) pool_.NoteActivity(*pooled, now);
  for (auto& [number, waiter] : acquisition.waiters) {
    const bool by_other = waiter.shared && source == FlowSource::kRaced;
    RememberAnswer(waiter.request_id, acquisition.request.client_group, flow.id, now);
    AcquireResult result{Acquired(flow, by_other ? FlowSource::kShared : source), {waiter.asked, {}}};
    if (waiter.want_trace) result.trace = TraceFor(acquisition, waiter, now);
    state_.observer.OnAcquired(result, now - waiter.asked);
    actions_.calls.emplace_back([done = std::move(waiter.done), result = std::move(result)] { done(result); });
    requests_.erase(number);
  }
  acquisition.waiters.clear();
  Erase(acquisition, now);
}

Trace ShardCore::TraceFor(const Acquisition& acquisition, const Waiter& waiter, TimePoint now) const {
  Trace trace = acquisition.TraceSoFar();
  if (!waiter.shared) return trace;
  trace.steps.push_back({TraceWhat::kWait, waiter.asked, now, "equal request in flight", TraceOutcome::kSucceeded,
                         "its race is shared; steps before this request's start are its"});
  return trace;
}

void ShardCore::Fail(Acquisition& acquisition, const Failure& failure, TimePoint now) {
  while (!acquisition.waiters.empty()) EndWaiter(acquisition, acquisition.waiters.begin()->first, failure, now);
  Erase(acquisition, now);
}

void ShardCore::EndWaiter(Acquisition& acquisition, std::uint64_t number, const Failure& failure, TimePoint now) {
  auto waiter = acquisition.waiters.extract(number);
  if (waiter.empty()) return;
  requests_.erase(number);
  acquisition.deadlines.erase({waiter.mapped().deadline, number});
  AcquireResult result{Unexpected(failure), TraceFor(acquisition, waiter.mapped(), now)};
  state_.observer.OnAcquired(result, now - waiter.mapped().asked);
  actions_.calls.emplace_back([done = std::move(waiter.mapped().done), result = std::move(result)] { done(result); });
}

void ShardCore::ExpireWaiters(Acquisition& acquisition, TimePoint now) {
  while (!acquisition.deadlines.empty() && acquisition.deadlines.begin()->first <= now) {
    std::string attempts = acquisition.FailedAttempts();
    EndWaiter(acquisition, acquisition.deadlines.begin()->second,
              {FailureReason::kDeadlineExceeded, attempts.empty() ? "nothing has failed yet" : attempts}, now);
  }
}

void ShardCore::Cancel(std::uint64_t request, TimePoint now) {
  const auto found = requests_.find(request);
  if (found == requests_.end()) return;
  Acquisition& acquisition = acquisitions_.at(found->second);
  EndWaiter(acquisition, request, {FailureReason::kCancelled, ""}, now);
  // Nobody but its caller could use an exclusive flow; any other goes on for the pool.
  if (acquisition.request.exclusive && acquisition.waiters.empty()) return Erase(acquisition, now);
  Reschedule(acquisition);
}

void ShardCore::Erase(Acquisition& acquisition, TimePoint now) {
  if (acquisition.race && !acquisition.race->finished()) {
    const racing::RaceEvent abandoned = racing::Abandoned{};
    for (const racing::RaceAction& action : acquisition.race->On({&abandoned, 1}, now)) {
      if (const auto* cancel = std::get_if<racing::CancelAttempt>(&action)) {
        EndAttempt(acquisition, cancel->id, TraceOutcome::kLost, {cancel->reason, ""}, now);
      }
    }
  }
  deadlines_.erase({acquisition.scheduled, acquisition.number});
  by_key_.erase(acquisition.key);
  acquisitions_.erase(acquisition.number);
}

}  // namespace flowbroker::engine
