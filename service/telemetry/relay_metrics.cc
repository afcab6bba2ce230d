#include "service/telemetry/relay_metrics.h"

namespace flowbroker::telemetry {

RelayMetrics::RelayMetrics(prometheus::Registry& registry)
    : dropped_(&Counters(registry, "flowbroker_messages_dropped_total",
                         "Inbound messages given up: no Relay stream took them in time, or too many waited.")
                    .Add({})),
      back_pressure_(&Counters(registry, "flowbroker_relay_backpressure_total",
                               "Times that a full Relay stream made the broker stop reading a flow.")
                          .Add({})),
      unsent_(&Counters(registry, "flowbroker_edge_datagrams_unsent_total",
                        "Datagrams to user agents that were not sent, as the socket's buffer was full.")
                   .Add({})),
      unread_(
          &Counters(
               registry, "flowbroker_edge_datagrams_unread_total",
               "Datagrams of user agents that the kernel dropped unread: the buffer was full, or they were damaged.")
               .Add({})),
      streams_(&Gauges(registry, "flowbroker_relay_streams", "Relay streams attached now.").Add({})) {
  auto& messages = Counters(registry, "flowbroker_relayed_messages_total", "SIP messages relayed, by direction.");
  auto& bytes = Counters(registry, "flowbroker_relayed_bytes_total", "Octets of SIP messages relayed, by direction.");
  for (const std::size_t inbound : {0U, 1U}) {
    const prometheus::Labels labels = {{"direction", inbound == 1 ? "in" : "out"}};
    messages_[inbound] = &messages.Add(labels);
    bytes_[inbound] = &bytes.Add(labels);
  }
}

void RelayMetrics::CountMessages(bool inbound, std::size_t messages, std::size_t bytes) {
  messages_[inbound ? 1 : 0]->Increment(static_cast<double>(messages));
  bytes_[inbound ? 1 : 0]->Increment(static_cast<double>(bytes));
}

}  // namespace flowbroker::telemetry
