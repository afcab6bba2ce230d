#pragma once

// The values of labels, and the enumerators they come from.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "broker/engine/broker_observer.h"

namespace flowbroker::telemetry {

inline constexpr std::array kAllTransports = {Transport::kUdp, Transport::kTcp, Transport::kTls};
inline constexpr std::array kAllFamilies = {AddressFamily::kIpv4, AddressFamily::kIpv6};
inline constexpr std::array kAllStages = {AttemptStage::kTcp, AttemptStage::kTls, AttemptStage::kProbe};
inline constexpr std::array kAllRecordTypes = {dns::RecordType::kA, dns::RecordType::kAaaa, dns::RecordType::kSrv,
                                               dns::RecordType::kNaptr};
inline constexpr std::array kAllStatuses = {dns::AnswerStatus::kRecords,       dns::AnswerStatus::kNoRecords,
                                            dns::AnswerStatus::kNoSuchName,    dns::AnswerStatus::kTimedOut,
                                            dns::AnswerStatus::kServerFailure, dns::AnswerStatus::kMalformed};
inline constexpr std::array kAllLookups = {engine::DnsLookup::kHit, engine::DnsLookup::kMiss,
                                           engine::DnsLookup::kStale};
inline constexpr std::array kAllSources = {engine::FlowSource::kRaced, engine::FlowSource::kShared,
                                           engine::FlowSource::kPooled, engine::FlowSource::kProbed};
inline constexpr auto kAllLimits = [] {
  std::array<engine::Limit, static_cast<std::size_t>(engine::Limit::kLast) + 1> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<engine::Limit>(i);
  return all;
}();

template <typename Enum>
constexpr std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}
/// Place of a record type in our tables; its own values are those of DNS.
std::size_t Index(dns::RecordType type);

inline constexpr std::size_t kReasons = Index(FailureReason::kInternal) + 1;

std::string_view NameOf(AttemptStage stage);
std::string_view NameOf(engine::FlowSource source);
std::string_view NameOf(engine::DnsLookup lookup);
std::string_view NameOf(engine::Limit limit);
std::string_view NameOf(engine::FlowSetEventKind kind);
std::string_view NameOf(dns::AnswerStatus status);
std::string_view NameOf(dns::RecordType type);
std::string_view NameOf(engine::TransactionReport::Outcome outcome);
std::string_view NameOf(net::HandoffOutcome outcome);

/// As the broker itself calls it.
template <typename Enum>
std::string LabelOf(Enum value) {
  return std::string(ToString(value));
}

/// Whether attempts on `transport` have that stage; series of others would stay at zero for ever.
bool HasStage(Transport transport, AttemptStage stage);

}  // namespace flowbroker::telemetry
