#include "service/telemetry/broker_metrics.h"

#include <prometheus/text_serializer.h>

#include <string_view>

namespace flowbroker::telemetry {
namespace {

using engine::FlowSource;
using engine::Limit;

constexpr std::array kAllSources = {FlowSource::kRaced, FlowSource::kShared, FlowSource::kPooled, FlowSource::kProbed};
constexpr std::array kAllTransports = {Transport::kUdp, Transport::kTcp, Transport::kTls};
constexpr std::array kAllFamilies = {AddressFamily::kIpv4, AddressFamily::kIpv6};
constexpr std::array kAllStages = {AttemptStage::kTcp, AttemptStage::kTls, AttemptStage::kProbe};
constexpr std::array kAllTypes = {dns::RecordType::kA, dns::RecordType::kAaaa, dns::RecordType::kSrv,
                                  dns::RecordType::kNaptr};
constexpr std::array kAllStatuses = {dns::AnswerStatus::kRecords,       dns::AnswerStatus::kNoRecords,
                                     dns::AnswerStatus::kNoSuchName,    dns::AnswerStatus::kTimedOut,
                                     dns::AnswerStatus::kServerFailure, dns::AnswerStatus::kMalformed};
constexpr std::array kAllLimits = {Limit::kFlows,       Limit::kFlowsPerTarget, Limit::kAttempts,
                                   Limit::kRequests,    Limit::kSendQueue,      Limit::kHeldMessages,
                                   Limit::kDnsInFlight, Limit::kReprobes,       Limit::kFlowsPerTenant};

template <typename Enum>
constexpr std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}

std::string_view NameOf(FlowSource source) {
  switch (source) {
    case FlowSource::kRaced:
      return "raced";
    case FlowSource::kShared:
      return "shared";
    case FlowSource::kPooled:
      return "pooled";
    case FlowSource::kProbed:
      return "probed";
  }
  __builtin_unreachable();
}

std::string_view NameOf(dns::AnswerStatus status) {
  switch (status) {
    case dns::AnswerStatus::kRecords:
      return "records";
    case dns::AnswerStatus::kNoRecords:
      return "no_records";
    case dns::AnswerStatus::kNoSuchName:
      return "no_such_name";
    case dns::AnswerStatus::kTimedOut:
      return "timed_out";
    case dns::AnswerStatus::kServerFailure:
      return "server_failure";
    case dns::AnswerStatus::kMalformed:
      return "malformed";
  }
  __builtin_unreachable();
}

std::string_view NameOf(Limit limit) {
  switch (limit) {
    case Limit::kFlows:
      return "flows";
    case Limit::kFlowsPerTarget:
      return "flows_per_target";
    case Limit::kAttempts:
      return "attempts";
    case Limit::kRequests:
      return "requests";
    case Limit::kSendQueue:
      return "send_queue";
    case Limit::kHeldMessages:
      return "held_messages";
    case Limit::kDnsInFlight:
      return "dns_in_flight";
    case Limit::kReprobes:
      return "reprobes";
    case Limit::kFlowsPerTenant:
      return "flows_per_tenant";
  }
  __builtin_unreachable();
}

/// Whether attempts on `transport` have that stage; the other series would stay at zero for ever.
bool HasStage(Transport transport, AttemptStage stage) {
  switch (stage) {
    case AttemptStage::kTcp:
      return IsConnectionOriented(transport);
    case AttemptStage::kTls:
      return transport == Transport::kTls;
    case AttemptStage::kProbe:
      return true;
  }
  __builtin_unreachable();
}

/// Position of a record type in our tables; its own values are those of DNS.
std::size_t IndexOf(dns::RecordType type) {
  switch (type) {
    case dns::RecordType::kA:
      return 0;
    case dns::RecordType::kAaaa:
      return 1;
    case dns::RecordType::kSrv:
      return 2;
    case dns::RecordType::kNaptr:
      return 3;
  }
  __builtin_unreachable();
}

std::string_view NameOf(dns::RecordType type) {
  constexpr std::array<std::string_view, 4> kNames = {"A", "AAAA", "SRV", "NAPTR"};
  return kNames[IndexOf(type)];
}

std::string Owned(std::string_view text) {
  return std::string(text);
}

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

BrokerMetrics::BrokerMetrics() {
  MakeAcquires();
  MakeAttempts();
  MakeFlows();
  MakeDns();
  MakeRelayed();
  MakeLimits();
  MakeHistoryFile();
}

void BrokerMetrics::ByOutcome::Count(const std::optional<FailureReason>& failure) {
  prometheus::Counter* const counter = failure ? failed[Index(*failure)] : ok;
  if (counter != nullptr) counter->Increment();
}

BrokerMetrics::ByOutcome BrokerMetrics::MakeByOutcome(prometheus::Family<prometheus::Counter>& family,
                                                      const prometheus::Labels& labels) {
  ByOutcome counters;
  prometheus::Labels with_outcome = labels;
  with_outcome["outcome"] = "ok";
  counters.ok = &family.Add(with_outcome);
  for (std::size_t i = 0; i < kReasons; ++i) {
    with_outcome["outcome"] = Owned(ToString(static_cast<FailureReason>(i)));
    counters.failed[i] = &family.Add(with_outcome);
  }
  return counters;
}

void BrokerMetrics::MakeAcquires() {
  auto& acquires = Counters(registry_, "flowbroker_acquires_total", "Acquires answered, by source of the flow.");
  auto& failures = Counters(registry_, "flowbroker_acquire_failures_total", "Acquires that failed, by reason.");
  auto& times = prometheus::BuildHistogram()
                    .Name("flowbroker_acquire_seconds")
                    .Help("Time to a usable flow, where one had to be made or probed.")
                    .Register(registry_);
  const prometheus::Histogram::BucketBoundaries kBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 32};
  for (const FlowSource source : kAllSources) {
    const prometheus::Labels labels = {{"source", Owned(NameOf(source))}};
    acquired_[Index(source)] = &acquires.Add(labels);
    if (source != FlowSource::kPooled) acquire_time_[Index(source)] = &times.Add(labels, kBounds);
  }
  for (std::size_t i = 0; i < kReasons; ++i) {
    acquire_failed_[i] = &failures.Add({{"reason", Owned(ToString(static_cast<FailureReason>(i)))}});
  }
}

void BrokerMetrics::MakeAttempts() {
  auto& family = Counters(registry_, "flowbroker_attempts_total", "Stages of connection attempts, by their end.");
  for (const AddressFamily address : kAllFamilies) {
    for (const Transport transport : kAllTransports) {
      for (const AttemptStage stage : kAllStages) {
        if (!HasStage(transport, stage)) continue;
        attempts_[Index(address)][Index(transport)][Index(stage)] =
            MakeByOutcome(family, {{"family", Owned(ToString(address))},
                                   {"transport", Owned(ToString(transport))},
                                   {"stage", Owned(ToString(stage))}});
      }
    }
  }
}

void BrokerMetrics::MakeFlows() {
  flows_opened_ = &Counters(registry_, "flowbroker_flows_opened_total", "Flows opened.").Add({});
  messages_dropped_ =
      &Counters(registry_, "flowbroker_messages_dropped_total", "Inbound messages no Relay stream took in time.")
           .Add({});
  flows_open_ =
      &prometheus::BuildGauge().Name("flowbroker_flows_open").Help("Flows open now.").Register(registry_).Add({});
  auto& closed = Counters(registry_, "flowbroker_flows_closed_total", "Flows closed, by reason.");
  for (std::size_t i = 0; i < kReasons; ++i) {
    flows_closed_[i] = &closed.Add({{"reason", Owned(ToString(static_cast<FailureReason>(i)))}});
  }
}

void BrokerMetrics::MakeDns() {
  auto& family = Counters(registry_, "flowbroker_dns_answers_total", "DNS answers, by record type and status.");
  for (const dns::RecordType type : kAllTypes) {
    for (const dns::AnswerStatus status : kAllStatuses) {
      dns_answers_[IndexOf(type)][Index(status)] =
          &family.Add({{"type", Owned(NameOf(type))}, {"status", Owned(NameOf(status))}});
    }
  }
}

void BrokerMetrics::MakeRelayed() {
  auto& messages = Counters(registry_, "flowbroker_relayed_messages_total", "SIP messages relayed.");
  auto& bytes = Counters(registry_, "flowbroker_relayed_bytes_total", "Octets of SIP messages relayed.");
  for (const bool inbound : {false, true}) {
    const prometheus::Labels labels = {{"direction", inbound ? "in" : "out"}};
    relayed_messages_[inbound ? 1 : 0] = &messages.Add(labels);
    relayed_bytes_[inbound ? 1 : 0] = &bytes.Add(labels);
  }
}

void BrokerMetrics::MakeLimits() {
  auto& family = Counters(registry_, "flowbroker_limits_hit_total", "Configured limits that were hit.");
  static_assert(kAllLimits.size() == kLimits);
  for (const Limit limit : kAllLimits) limits_[Index(limit)] = &family.Add({{"limit", Owned(NameOf(limit))}});
}

void BrokerMetrics::MakeHistoryFile() {
  auto& writes = Counters(registry_, "flowbroker_history_file_writes_total", "Snapshots of memory, by their end.");
  history_written_ = &writes.Add({{"outcome", "ok"}});
  history_not_written_ = &writes.Add({{"outcome", "failed"}});
  const auto gauge = [this](const char* name, const char* help) {
    return &prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add({});
  };
  history_written_at_ =
      gauge("flowbroker_history_file_last_write_timestamp_seconds", "When memory was last written; 0: never.");
  history_octets_ = gauge("flowbroker_history_file_bytes", "Size of the last snapshot of memory.");
  history_write_seconds_ = gauge("flowbroker_history_file_write_seconds", "How long writing it took.");
}

void BrokerMetrics::CountAcquire(const engine::AcquireResult& result, Duration took) {
  if (!result.flow) return acquire_failed_[Index(result.flow.error().reason)]->Increment();
  const std::size_t source = Index(result.flow->source);
  acquired_[source]->Increment();
  if (acquire_time_[source] != nullptr) acquire_time_[source]->Observe(std::chrono::duration<double>(took).count());
}

void BrokerMetrics::CountAttempt(const history::AttemptOutcome& outcome) {
  const Target& target = outcome.path.target;
  attempts_[Index(target.family())][Index(target.transport)][Index(outcome.stage)].Count(outcome.failure);
}

void BrokerMetrics::CountFlowEvent(const engine::FlowEvent& event) {
  switch (event.kind) {
    case engine::FlowEventKind::kOpened:
      flows_opened_->Increment();
      flows_open_->Increment();
      return;
    case engine::FlowEventKind::kClosed:
      flows_closed_[Index(event.failure ? event.failure->reason : FailureReason::kInternal)]->Increment();
      flows_open_->Decrement();
      return;
    case engine::FlowEventKind::kMessageDropped:
      messages_dropped_->Increment();
      return;
  }
  __builtin_unreachable();
}

void BrokerMetrics::CountDnsAnswer(dns::RecordType type, dns::AnswerStatus status) {
  dns_answers_[IndexOf(type)][Index(status)]->Increment();
}

void BrokerMetrics::CountRelayed(bool inbound, std::size_t messages, std::size_t bytes) {
  relayed_messages_[inbound ? 1 : 0]->Increment(static_cast<double>(messages));
  relayed_bytes_[inbound ? 1 : 0]->Increment(static_cast<double>(bytes));
}

void BrokerMetrics::CountLimit(engine::Limit limit) {
  limits_[Index(limit)]->Increment();
}

void BrokerMetrics::RecordHistoryWrite(std::size_t octets, Duration took, std::chrono::nanoseconds at) {
  history_written_->Increment();
  history_written_at_->Set(std::chrono::duration<double>(at).count());
  history_octets_->Set(static_cast<double>(octets));
  history_write_seconds_->Set(std::chrono::duration<double>(took).count());
}

void BrokerMetrics::CountFailedHistoryWrite() {
  history_not_written_->Increment();
}

std::string BrokerMetrics::Text() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace flowbroker::telemetry
