#pragma once

#include <atomic>

#include "broker/engine/broker_observer.h"
#include "broker/engine/broker_options.h"
#include "broker/engine/flow_event_log.h"
#include "broker/engine/shared_history.h"
#include "broker/engine/shared_resolver.h"

namespace flowbroker::engine {

/// What all shards of a broker share; every part is thread-safe. Outlives the shards.
struct BrokerState {
  BrokerState(const BrokerOptions& broker_options, BrokerObserver& broker_observer)
      : options(broker_options),
        observer(broker_observer),
        history(options.history),
        resolver(options.dns.cache),
        events(options.flows.kept_events) {}

  const BrokerOptions options;
  BrokerObserver& observer;
  SharedHistory history;
  SharedResolver resolver;
  FlowEventLog events;
  std::atomic<std::size_t> flows = 0;  ///< open, in all shards
};

}  // namespace flowbroker::engine
