#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "broker/base/time.h"
#include "broker/engine/broker_observer.h"
#include "broker/engine/text_map.h"

namespace flowbroker::rpc {

/// What each tenant has under way, and the limits of it. A tenant without calls and streams is forgotten a second after
/// it has earned its whole burst again, which nobody can notice. Not thread-safe; no method takes longer for more tenants.
class Tenants {
 public:
  /// Of one tenant each, but the last; 0: no limit. Meaning as in ServiceConfig.
  struct Limits {
    std::size_t calls_per_second = 0;  ///< as many at once: a burst is what one second allows
    std::size_t calls_in_flight = 0;
    std::size_t streams = 0;
    std::size_t tenants = 0;
  };

  /// Which limit was reached.
  struct Refusal {
    engine::Limit limit;
    Duration retry_after{};  ///< when the rate allows one more; zero where time alone does not help
  };

  enum class Kind {
    kCall,    ///< is over soon
    kStream,  ///< stays open
  };

  struct Tenant;
  /// Something under way, to be given back by Leave exactly once.
  struct Seat {
    Tenant* tenant;
    Kind kind;
  };

  explicit Tenants(const Limits& limits);
  ~Tenants();

  /// New limits hold from the next call on.
  void Apply(const Limits& limits) { limits_ = limits; }

  /// Counts a call or stream of the tenant called `name`, or says why there may be none.
  tl::expected<Seat, Refusal> Enter(std::string_view name, Kind kind, TimePoint now);
  void Leave(const Seat& seat);

  /// Tenants known.
  std::size_t size() const { return tenants_.size(); }

 private:
  Tenant* FindOrAdd(std::string_view name, TimePoint now);
  std::optional<Refusal> RefusalFor(const Tenant& tenant, Kind kind, TimePoint now) const;
  Duration TokenTime() const;
  void ForgetIdle(TimePoint now);

  Limits limits_;
  engine::TextMap<Tenant> tenants_;
  std::list<Tenant*> idle_;  // without calls and streams, the longest first
};

/// One of them, for the list it is in.
struct Tenants::Tenant {
  const std::string* name = nullptr;  ///< key of the map
  TimePoint full_at{};                ///< when its burst is whole again: a token bucket told as a point in time
  std::size_t calls = 0;
  std::size_t streams = 0;
  std::list<Tenant*>::iterator idle{};  ///< where it is among the idle, while it is
};

}  // namespace flowbroker::rpc
