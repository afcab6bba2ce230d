#include "tests/unit/service/fake_history.h"

#include <algorithm>
#include <utility>

namespace flowbroker::engine {
namespace {

Target TargetOf() {
  return {{*IpAddress::Parse("192.0.2.1"), 5060}, Transport::kTcp};
}

/// 22 characters of nothing in particular.
flow::FlowId IdOf() {
  return *flow::FlowId::Parse("AAAAAAAAAAAAAAAAAAAAAA");
}

}  // namespace

history::FamilyPreference FakeHistory::PreferenceOf(const char* prefix, std::uint32_t network) {
  const IpAddress address = *IpAddress::Parse(prefix);
  return {.key = {{network}, address, Transport::kTcp},
          .prefix_bits = address.is_ipv4() ? 24 : 48,
          .preferred = address.family(),
          .confidence = 0.75,
          .since = TimePoint(std::chrono::seconds(1)),
          .wins = 3,
          .losses = 1,
          .reachability = history::Reachability::kReachable,
          .failure = std::nullopt,
          .smoothed_rtt = std::chrono::milliseconds(20),
          .next_reprobe = kNever};
}

RaceLog::Entry FakeHistory::RaceOf(std::uint64_t number, const char* host, bool succeeded) {
  Expected<AcquiredFlow> flow = Unexpected({FailureReason::kTimedOut, "all silent"});
  if (succeeded) {
    flow = AcquiredFlow{.id = IdOf(),
                        .remote = TargetOf(),
                        .local = {*IpAddress::Parse("192.0.2.9"), 40000},
                        .source = FlowSource::kRaced,
                        .timers = {}};
  }
  return std::make_shared<RaceRecord>(RaceRecord{.number = number,
                                                 .host = host,
                                                 .owner = {.client_group = "group"},
                                                 .flow = std::move(flow),
                                                 .ended = TimePoint(std::chrono::seconds(3)),
                                                 .trace = {TimePoint(std::chrono::seconds(1)), {}},
                                                 .candidates = {{"a.example.org", {{1}, TargetOf()}}}});
}

std::vector<std::string> FakeHistory::resets() const {
  const std::lock_guard lock(mutex_);
  return resets_;
}

std::optional<ReachabilityQuery> FakeHistory::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::size_t FakeHistory::watchers() const {
  const std::lock_guard lock(mutex_);
  return watchers_.size();
}

void FakeHistory::Emit(const PreferenceEvent& event) {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, sink] : watchers_) sink(event);
}

std::vector<TargetReachability> FakeHistory::Reachability(const ReachabilityQuery& query) const {
  const std::lock_guard lock(mutex_);
  asked_ = query;
  return targets;
}

std::optional<history::FamilyPreference> FakeHistory::FindPreference(const history::PrefixKey& prefix) const {
  const auto found = std::ranges::find(preferences, prefix, &history::FamilyPreference::key);
  return found == preferences.end() ? std::nullopt : std::optional(*found);
}

std::string FakeHistory::InterfaceOf(history::NetworkId id) const {
  return id.value == 0 ? "" : "eth" + std::to_string(id.value - 1);
}

Forgotten FakeHistory::Note(const std::string& what) {
  const std::lock_guard lock(mutex_);
  resets_.push_back(what);
  return {7, 2};
}

Forgotten FakeHistory::ForgetAll() {
  return Note("all");
}

Forgotten FakeHistory::Forget(const IpPrefix& prefix) {
  return Note("prefix " + prefix.ToString());
}

Forgotten FakeHistory::Forget(const Host& host) {
  const auto* address = std::get_if<IpAddress>(&host);
  return Note("host " + (address != nullptr ? address->ToString() : std::get<dns::DnsName>(host).ToString()));
}

std::unique_ptr<EventSubscription> FakeHistory::WatchPreferences(std::optional<std::uint64_t> /*after*/,
                                                                 PreferenceSink sink) {
  struct Subscription final : EventSubscription {
    Subscription(FakeHistory& h, std::uint64_t n) : history(h), number(n) {}
    ~Subscription() override {
      const std::lock_guard lock(history.mutex_);
      history.watchers_.erase(number);
    }
    FakeHistory& history;
    std::uint64_t number;
  };
  const std::lock_guard lock(mutex_);
  watchers_.emplace(next_, std::move(sink));
  return std::make_unique<Subscription>(*this, next_++);
}

}  // namespace flowbroker::engine
