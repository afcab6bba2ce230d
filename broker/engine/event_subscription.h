#pragma once

namespace flowbroker::engine {

/// Someone who watches events, until it is destroyed: its sink is not called any more then. What it watches outlives
/// it.
class EventSubscription {
 public:
  virtual ~EventSubscription() = default;
};

}  // namespace flowbroker::engine
