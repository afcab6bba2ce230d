// Any events in any order, told to one race: also those that no driver tells, since a peer decides when connections
// open, fail and come back late. What must hold of every race holds then too.

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <variant>
#include <vector>

#include "broker/racing/race.h"
#include "tests/fuzz/require.h"

using flowbroker::AttemptStage;
using flowbroker::Duration;
using flowbroker::FailureReason;
using flowbroker::IpAddress;
using flowbroker::kNever;
using flowbroker::Target;
using flowbroker::TimePoint;
using flowbroker::Transport;
using flowbroker::fuzz::Require;
namespace racing = flowbroker::racing;

namespace {

using std::chrono::milliseconds;

/// Takes octets from the front; zeros after the end.
class Octets {
 public:
  explicit Octets(std::span<const std::uint8_t> octets) : octets_(octets) {}

  bool empty() const { return octets_.empty(); }
  std::uint8_t Next() {
    if (octets_.empty()) return 0;
    const std::uint8_t octet = octets_.front();
    octets_ = octets_.subspan(1);
    return octet;
  }
  int Below(int limit) { return Next() % limit; }

 private:
  std::span<const std::uint8_t> octets_;
};

Target AnyTarget(Octets& octets) {
  const auto number = static_cast<std::uint8_t>(octets.Below(6));
  const auto transport = static_cast<Transport>(octets.Below(3));
  const IpAddress address = octets.Below(2) == 0 ? IpAddress::FromIpv4({192, 0, 2, number})
                                                 : IpAddress::FromIpv6({0x20, 1, 0xd, 0xb8, number});
  return {{address, 5060}, transport};
}

racing::CandidatesChanged AnyCandidates(Octets& octets) {
  racing::CandidatesChanged changed{{}, octets.Below(2) == 0, octets.Below(4) == 0};
  std::size_t group = 0;
  for (int left = octets.Below(8); left > 0; --left) {
    group += static_cast<std::size_t>(octets.Below(4) == 0);
    changed.candidates.push_back({AnyTarget(octets), group});
  }
  return changed;
}

racing::RaceEvent AnyEvent(Octets& octets) {
  const racing::AttemptId id{static_cast<std::uint32_t>(octets.Below(10))};
  switch (octets.Below(8)) {
    case 0:
      return AnyCandidates(octets);
    case 1:
      return racing::StageEntered{id, static_cast<AttemptStage>(octets.Below(3))};
    case 2:
      return racing::AttemptSucceeded{id};
    case 3:
    case 4:
      return racing::AttemptFailed{id, octets.Below(2) == 0 ? FailureReason::kRefused : FailureReason::kTimedOut};
    case 5:
      return racing::CapacityChanged{octets.Below(2) == 0};
    case 6:
      return octets.Below(16) == 0 ? racing::RaceEvent(racing::Abandoned{}) : racing::TimerFired{};
    default:
      return racing::TimerFired{};
  }
}

/// What an onlooker can say of a race from its actions alone.
class Books {
 public:
  explicit Books(const racing::RaceOptions& options) : options_(options) {}

  void Told(const racing::RaceEvent& event) {
    if (const auto* failed = std::get_if<racing::AttemptFailed>(&event)) open_.erase(failed->id);
  }
  void Take(const std::vector<racing::RaceAction>& actions) {
    Require(!over_ || actions.empty(), "nothing is done after the end");
    for (const racing::RaceAction& action : actions) std::visit([this](const auto& a) { Take(a); }, action);
  }
  void Compare(const racing::Race& race) const {
    Require(race.in_flight() == open_.size(), "every attempt ends exactly once");
    Require(open_.size() <= options_.max_parallel, "never more attempts than allowed");
    Require(!race.finished() || open_.empty(), "nothing is left under way at the end");
    Require(open_.empty() || race.NextDeadline() != kNever, "an attempt under way has a time-out");
  }

 private:
  void Take(const racing::StartAttempt& start) {
    Require(started_.insert(start.id).second, "no attempt has the name of another");
    open_.insert(start.id);
  }
  void Take(const racing::CancelAttempt& cancel) {
    Require(open_.erase(cancel.id) == 1, "only open attempts are cancelled");
  }
  void Take(const racing::RaceWon& won) {
    Require(open_.erase(won.id) == 1, "the winner was under way");
    over_ = true;
  }
  void Take(const racing::RaceLost&) {
    Require(open_.empty(), "lost only when nothing is under way");
    over_ = true;
  }

  const racing::RaceOptions& options_;
  std::set<racing::AttemptId> started_;
  std::set<racing::AttemptId> open_;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Octets octets({data, size});
  racing::RaceOptions options;
  options.parallel = octets.Below(4) != 0;
  options.max_parallel = static_cast<std::size_t>(octets.Below(6) + 1);
  racing::Race race(options, [](const Target&, AttemptStage, TimePoint) { return std::nullopt; });
  Books books(options);
  TimePoint now{std::chrono::hours(1)};
  const auto tell = [&](std::span<const racing::RaceEvent> events) {
    for (const racing::RaceEvent& event : events) books.Told(event);
    books.Take(race.On(events, now));
    books.Compare(race);
  };
  while (!octets.empty()) {
    now += milliseconds(octets.Next());
    std::vector<racing::RaceEvent> turn;
    for (int left = octets.Below(3); left >= 0; --left) turn.push_back(AnyEvent(octets));
    tell(turn);
  }
  // With nothing more to come and room for all, time alone ends it.
  tell(std::vector<racing::RaceEvent>{racing::CapacityChanged{true}, racing::CandidatesChanged{{}, true, false}});
  for (int turns = 0; race.NextDeadline() != kNever; ++turns) {
    Require(turns < 1'000, "a race ends");
    now = std::max(now, race.NextDeadline());
    tell(std::vector<racing::RaceEvent>{racing::TimerFired{}});
  }
  Require(race.finished(), "a race that nothing more will happen to has ended");
  return 0;
}
