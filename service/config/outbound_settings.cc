#include "service/config/outbound_settings.h"

#include <array>

namespace flowbroker::config {
namespace {

using C = ServiceConfig;

const std::array kSettings = {
    Setting{"flow-set-state-file", "Flow sets",
            "flow sets are kept here over a restart; its directory must be writable; empty: they are not kept",
            Place<std::string>([](C& c) -> auto& { return c.flow_set_state_file; })},
    Setting{"max-flow-sets", "Flow sets", "flow sets kept at once; each has 2 to 4 flows",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.outbound.max_sets; })}
        .From("1"),
    Setting{"tenant-flow-sets", "Flow sets", "the same of one tenant",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.outbound.max_sets_per_tenant; })}
        .From("1"),
    Setting{"flow-set-retry-all-down", "Flow sets",
            "base of the wait before a flow is opened anew, where its set has no other; doubled with every failure, "
            "then 50 to 100 % of it",
            Place<Duration>([](C& c) -> auto& { return c.broker.outbound.set.recovery.base_all_failed; })}
        .From("1s", "1h"),
    Setting{"flow-set-retry-some-up", "Flow sets", "the same where its set has another flow",
            Place<Duration>([](C& c) -> auto& { return c.broker.outbound.set.recovery.base_not_failed; })}
        .From("1s", "1h"),
    Setting{"flow-set-retry-longest", "Flow sets", "the longest such wait",
            Place<Duration>([](C& c) -> auto& { return c.broker.outbound.set.recovery.longest_wait; })}
        .From("1s", "24h"),
    Setting{"kept-flow-set-events", "Flow sets", "events a WatchFlowSet can resume from",
            Place<std::size_t>([](C& c) -> auto& { return c.broker.outbound.kept_events; })},
};

}  // namespace

std::span<const Setting> OutboundSettings() {
  return kSettings;
}

}  // namespace flowbroker::config
