#include "tests/simulation/scenario.h"

#include <algorithm>
#include <utility>

namespace flowbroker::simulation {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

engine::BrokerOptions Scenario::AnyOptions(Dice& dice) {
  engine::BrokerOptions options;
  if (dice.OneIn(8)) options.racing.parallel = false;
  if (dice.OneIn(4)) options.racing.max_parallel = static_cast<std::size_t>(1 + dice.Roll(2));
  if (dice.OneIn(8)) options.max_attempts = static_cast<std::size_t>(1 + dice.Roll(6));
  if (dice.OneIn(8)) options.flows.max_flows = static_cast<std::size_t>(1 + dice.Roll(8));
  if (dice.OneIn(8)) options.max_requests = static_cast<std::size_t>(1 + dice.Roll(8));
  if (dice.OneIn(8)) options.flows.fresh_for = seconds(2);
  if (dice.OneIn(8)) options.history.max_targets = options.history.max_prefixes = 1;
  options.flows.kept_events = 64;
  return options;
}

Scenario::Scenario(std::uint64_t seed)
    : dice_(seed),
      options_(AnyOptions(dice_)),
      shard_(seed, options_),
      world_(shard_, dice_),
      referee_(shard_, world_, options_),
      moves_(dice_.OneIn(3)),
      policed_(dice_.OneIn(4)),
      tenanted_(dice_.OneIn(4)) {}

Verdict Scenario::Run() {
  Turmoil();
  AwaitPreferredFamily();
  FallSilent();
  verdict_.complaints = referee_.complaints();
  verdict_.attempts = shard_.connections_opened();
  return verdict_;
}

void Scenario::Turmoil() {
  const Duration longest_pause = dice_.OneIn(3) ? Duration(minutes(4)) : Duration(seconds(20));
  for (int turns = 20 + dice_.Roll(60); turns > 0; --turns) {
    Pass(dice_.OneIn(10) ? dice_.UpTo(longest_pause) : dice_.UpTo(milliseconds(500)));
    Turn();
  }
  Pass(seconds(40));
  referee_.Demand(pending_.empty(), "a request was never answered");
  Pass(minutes(2));  // a race may go on for as long as every target has its time, one after another
  referee_.Demand(shard_.sockets_open() == shard_.core().flows().pool().size(), "a socket belongs to nobody");
}

void Scenario::Turn() {
  const int what = dice_.Roll(9);
  if (moves_ && dice_.OneIn(15)) {
    shard_.MoveTo(static_cast<std::uint8_t>(1 + dice_.Roll(2)));
    referee_.OnMoved();
  }
  if (policed_ && dice_.OneIn(10)) ChangePolicy(AnyPolicy());
  if (what <= 5) return AskForFlow();
  if (what <= 7) return world_.Change();
  if (what == 8) return CancelSomeRequest();
  TouchSomeFlow();
}

location::EgressPolicy Scenario::AnyPolicy() {
  static const std::vector<std::string> kRules = {"192.0.1.0/24",    "192.0.2.0/24",  "192.0.0.0/16", "0.0.0.0/0:5061",
                                                  "2001:db8:1::/48", "2001:db8::/32", "[::/0]:5060"};
  location::EgressPolicy policy;
  for (int rules = dice_.Roll(3); rules > 0; --rules) {
    policy.deny.push_back(*location::EgressRule::Parse(dice_.Of(kRules)));
  }
  return policy;
}

void Scenario::ChangePolicy(const location::EgressPolicy& egress) {
  shard_.state().live.Set({.egress = egress});
  referee_.OnPolicy(egress);
  shard_.core().OnLiveOptionsChanged(shard_.now());
  Pass(Duration::zero());
  const flow::FlowPool& pool = shard_.core().flows().pool();
  for (const flow::FlowId& id : pool.Ids()) {
    referee_.Demand(egress.Allows(pool.Find(id)->key.remote), "a forbidden flow stays open");
  }
  CheckBooks();
}

void Scenario::AskForFlow() {
  engine::AcquireRequest request = ScriptedShard::RequestFor(world_.AnyUri());
  if (tenanted_) request.owner.tenant = std::string(static_cast<std::size_t>(dice_.Roll(2)), 't');
  request.exclusive = dice_.OneIn(3);
  request.time_sensitive = !dice_.OneIn(4);
  request.deadline = shard_.now() + milliseconds(1) + dice_.UpTo(dice_.OneIn(2) ? seconds(32) : milliseconds(500));
  const std::uint64_t key = ++last_key_;
  pending_[key] = {.deadline = request.deadline};
  ++verdict_.requests;
  const std::uint64_t number = shard_.Ask(
      request, [this, key, request](const engine::AcquireResult& result) { OnAnswer(key, request, result); });
  if (const auto still = pending_.find(key); still != pending_.end()) still->second.request = number;
  CheckBooks();
}

void Scenario::OnAnswer(std::uint64_t key, const engine::AcquireRequest& request, const engine::AcquireResult& result) {
  referee_.Demand(pending_.erase(key) == 1, "a request was answered twice");
  referee_.JudgeAnswer(request, result);
  if (result.flow) {
    const flow::Flow* flow = shard_.core().flows().pool().Find(result.flow->id);
    referee_.Demand(flow == nullptr || flow->key.owner == request.owner, "a flow of another owner");
  }
  if (result.flow) ++verdict_.answered;
}

void Scenario::CancelSomeRequest() {
  if (pending_.empty()) return;
  auto chosen = std::next(pending_.begin(), dice_.Roll(static_cast<int>(pending_.size()) - 1));
  shard_.Cancel(std::uint64_t{chosen->second.request});
  CheckBooks();
}

void Scenario::TouchSomeFlow() {
  auto ids = shard_.core().flows().pool().Ids();
  if (ids.empty()) return;
  std::ranges::sort(ids);  // they come in an order of their own
  const flow::FlowId& id = dice_.Of(ids);
  using Outcome = engine::TransactionReport::Outcome;
  switch (dice_.Roll(4)) {
    case 0:
      return shard_.PeerCloses(id);
    case 1:
      return shard_.PeerCloses(id, FailureReason::kReset);
    case 2:
      shard_.core().flows().Close(id, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
      break;
    case 3:
      shard_.core().ProbeFlow(id, {}, shard_.now() + seconds(1), [](const auto&) {}, shard_.now());
      break;
    default:
      shard_.core().flows().Report({.flow = id,
                                    .outcome = static_cast<Outcome>(dice_.Roll(3)),
                                    .rtt = std::nullopt,
                                    .retry_after = seconds(dice_.Roll(100))},
                                   {}, shard_.now());
  }
  Pass(Duration::zero());
}

void Scenario::Pass(Duration duration) {
  const TimePoint end = shard_.now() + duration;
  // In steps, so that the books are checked in between too.
  while (shard_.now() < end) {
    shard_.RunUntil(std::min(end, std::max(shard_.now() + milliseconds(100), shard_.core().NextDeadline())));
    CheckBooks();
  }
  shard_.RunFor(Duration::zero());
}

void Scenario::CheckBooks() {
  const auto open = static_cast<int>(shard_.sockets_open());
  referee_.Demand(shard_.connections_opened() == shard_.connections_closed() + shard_.connections_ended() + open &&
                      shard_.stray_closes() == 0,
                  "an attempt ended twice or never");
  for (const auto& [key, pending] : pending_) {
    referee_.Demand(pending.deadline > shard_.now(), "a deadline passed in silence");
    referee_.Demand(shard_.core().NextDeadline() <= pending.deadline, "nothing will wake the engine for a request");
  }
}

std::optional<engine::AcquireResult> Scenario::RaceNow(const std::string& uri) {
  engine::AcquireRequest request = ScriptedShard::RequestFor(uri);
  request.exclusive = true;
  request.deadline = shard_.now() + seconds(32);
  std::optional<engine::AcquireResult> answer;
  ++verdict_.requests;
  const std::uint64_t key = ++last_key_;
  pending_[key] = {.deadline = request.deadline};
  shard_.Ask(request, [&, key](const engine::AcquireResult& result) {
    OnAnswer(key, request, result);
    answer = result;
  });
  while (!answer && shard_.now() < request.deadline) shard_.RunFor(milliseconds(5));
  CheckBooks();
  if (answer && answer->flow) {
    shard_.core().flows().Close(answer->flow->id, {}, {FailureReason::kClosedByOwner, ""}, shard_.now());
  }
  return answer;
}

/// The preferred family of `uri` is broken in one way or several, for minutes and under traffic.
void Scenario::BreakPreferredFamily(const std::string& uri, Duration pause) {
  const TimePoint end = shard_.now() + dice_.UpTo(minutes(15));
  while (shard_.now() < end) {
    if (dice_.OneIn(20)) world_.Change();
    if (dice_.OneIn(10)) world_.BreakFamily(AddressFamily::kIpv6);
    RaceNow(uri);
    Pass(pause);
  }
}

// H3: "the preferred family is retried at least every 10 minutes while there is traffic, and is used again as soon as
// it works again".
void Scenario::AwaitPreferredFamily() {
  const std::string uri = world_.AnyDualStackUri();
  const Duration pause = milliseconds(100 + dice_.Roll(10'000));
  if (options_.flows.max_flows < 100 || options_.max_requests < 100) return;  // what refuses requests proves nothing
  if (policed_) ChangePolicy({});
  if (dice_.OneIn(4)) BreakPreferredFamily(uri, pause);
  world_.Repair();
  const TimePoint repaired = shard_.now();
  while (shard_.now() <= repaired + minutes(10) + pause + seconds(1)) {
    const auto answer = RaceNow(uri);
    referee_.Demand(answer && answer->flow, "no flow although everything answers");
    if (answer && answer->flow && answer->flow->remote.family() == AddressFamily::kIpv6) {
      verdict_.preferred_back_after = shard_.now() - repaired;
      return;
    }
    Pass(pause);
  }
  referee_.Demand(false, "the preferred family is not back within 10 minutes of its repair");
}

void Scenario::FallSilent() {
  shard_.RunFor(minutes(6));  // longer than the idle time-out and any race
  referee_.Demand(shard_.sockets_open() == 0, "sockets are left");
  referee_.Demand(shard_.state().flows == 0, "flows are left");
  referee_.Demand(shard_.state().tenant_flows.tenants() == 0, "the account of a tenant is left");
  referee_.Demand(shard_.core().NextDeadline() == kNever, "a deadline is left");
  const std::size_t prefixes = shard_.state().history.Preferences(shard_.now()).size();
  constexpr std::size_t kStripes = 16;  // each keeps one more than its part
  referee_.Demand(prefixes <= options_.history.max_prefixes + kStripes, "memory outgrows its limit");
}

}  // namespace flowbroker::simulation
