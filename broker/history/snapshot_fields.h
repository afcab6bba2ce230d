#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "broker/history/history_records.h"
#include "broker/history/network_registry.h"
#include "broker/history/path.h"
#include "broker/history/snapshot.h"
#include "broker/history/snapshot_reader.h"
#include "broker/history/snapshot_writer.h"

// The fields of every record in the order of the file, once for SnapshotWriter and SnapshotReader (`code`). Any change
// here, and any change of what a field means, is a new version of the format (snapshot.cc).
namespace flowbroker::history {

/// A Record to read into, or a const one to write.
template <typename T, typename Record>
concept Either = std::same_as<std::remove_const_t<T>, Record>;

template <typename Coder>
constexpr bool kReads = std::same_as<Coder, SnapshotReader>;

/// What a value is read into. IpAddress has no empty one.
template <typename Record>
Record Blank() {
  const Endpoint nowhere{IpAddress::FromIpv4({}), 0};
  if constexpr (std::same_as<Record, InterfaceAddress>) return {nowhere.address, 0};
  if constexpr (std::same_as<Record, Suspect>) return {nowhere.address, {}};
  if constexpr (std::same_as<Record, TargetRecordData>) return {{{}, {nowhere, {}}}, {}};
  if constexpr (std::same_as<Record, PrefixRecordData>) return {{{}, nowhere.address, {}}, {}};
  if constexpr (std::is_default_constructible_v<Record>) return {};
}

template <typename Coder, typename Optional>
void OptionalFields(Coder& code, Optional& value) {
  bool present = value.has_value();
  code(present);
  if constexpr (kReads<Coder>) {
    if (present) value = Blank<typename Optional::value_type>();
  }
  if (value) Fields(code, *value);
}

/// As many records as the count before them says; every one has at least an octet, which bounds the count. More than
/// `most` are refused.
template <typename Coder, typename List>
void ListFields(Coder& code, const char* what, List& records,
                std::uint32_t most = std::numeric_limits<std::uint32_t>::max()) {
  auto count = static_cast<std::uint32_t>(records.size());
  code(count);
  if constexpr (kReads<Coder>) {
    if (count > std::min<std::size_t>(code.left(), most)) {
      return code.Refuse(std::to_string(count) + " " + what + " cannot be in what follows");
    }
    for (std::uint32_t n = 0; n < count && code.ok(); ++n) {
      Fields(code, records.emplace_back(Blank<typename List::value_type>()));
    }
  } else {
    for (const auto& record : records) Fields(code, record);
  }
}

void Fields(auto& code, Either<NetworkId> auto& id) {
  code(id.value);
}

void Fields(auto& code, Either<InterfaceAddress> auto& own) {
  code(own.address);
  code(own.prefix_bits);
}

void Fields(auto& code, Either<KnownNetwork> auto& network) {
  Fields(code, network.id);
  code(network.seen_as.name);
  ListFields(code, "addresses", network.seen_as.addresses);  // temporary ones are no sign of the network
}

void Fields(auto& code, Either<Path> auto& path) {
  Fields(code, path.network);
  code(path.target.endpoint.address);
  code(path.target.endpoint.port);
  code(path.target.transport);
}

void Fields(auto& code, Either<PrefixKey> auto& key) {
  Fields(code, key.network);
  code(key.prefix);
  code(key.transport);
}

void Fields(auto& code, Either<FamilyKey> auto& key) {
  Fields(code, key.network);
  code(key.family);
}

void Fields(auto& code, Either<Evidence> auto& evidence) {
  code(evidence.successes);
  code(evidence.failures);
  code(evidence.at);
}

template <typename Coder>
void Fields(Coder& code, Either<RttEstimate> auto& estimate) {
  Duration smoothed = estimate.smoothed();
  Duration variation = estimate.variation();
  std::uint32_t samples = estimate.samples();
  code(smoothed);
  code(variation);
  code(samples);
  if constexpr (kReads<Coder>) estimate = RttEstimate(smoothed, variation, samples);
}

void Fields(auto& code, Either<StageRecord> auto& stage) {
  bool measured = stage.estimate.has_samples();
  code(measured);
  if (!measured) return;
  Fields(code, stage.estimate);
  code(stage.at);
}

template <typename Coder>
void Fields(Coder& code, Either<Hold> auto& hold) {
  code(hold.since);
  code(hold.latest);
  code(hold.head_start);
  code(hold.next_reprobe);
  bool any_success = hold.limit == Duration::max();
  code(any_success);
  if constexpr (kReads<Coder>) hold.limit = Duration::max();
  if (!any_success) code(hold.limit);
  code(hold.reason);
  code(hold.reprobes);
  code(hold.slow);
}

void Fields(auto& code, Either<Suspect> auto& suspect) {
  code(suspect.address);
  code(suspect.at);
}

void Fields(auto& code, Either<TargetRecord> auto& target) {
  Fields(code, target.evidence);
  for (auto& stage : target.stages) Fields(code, stage);
  OptionalFields(code, target.hold);
  code(target.last_success);
  code(target.last_failure);
  if (target.last_failure != kNever) code(target.last_reason);
  code(target.unavailable_once);
  code(target.unavailable_until);
}

void Fields(auto& code, Either<PrefixRecord> auto& prefix) {
  Fields(code, prefix.evidence);
  for (auto& stage : prefix.stages) Fields(code, stage);
  OptionalFields(code, prefix.hold);
  OptionalFields(code, prefix.suspect);
  code(prefix.last_success);
  Fields(code, prefix.races);
  code(prefix.wins);
  code(prefix.losses);
  code(prefix.lost_race);
  code(prefix.preferred_since);
  code(prefix.other_preferred);
  code(prefix.told_other_preferred);
  code(prefix.told_reachability);
}

void Fields(auto& code, Either<FamilyRecord> auto& family) {
  Fields(code, family.evidence);
  OptionalFields(code, family.hold);
  ListFields(code, "suspects", family.suspects);
}

void Fields(auto& code, Either<TargetRecordData> auto& data) {
  Fields(code, data.path);
  Fields(code, data.record);
}

void Fields(auto& code, Either<PrefixRecordData> auto& data) {
  Fields(code, data.key);
  Fields(code, data.record);
}

void Fields(auto& code, Either<FamilyRecordData> auto& data) {
  Fields(code, data.key);
  Fields(code, data.record);
}

void Fields(auto& code, Either<Snapshot> auto& snapshot) {
  code(snapshot.ipv4_prefix_bits);
  code(snapshot.ipv6_prefix_bits);
  ListFields(code, "networks", snapshot.networks, kMaxNetworks);
  ListFields(code, "targets", snapshot.records.targets);
  ListFields(code, "prefixes", snapshot.records.prefixes);
  ListFields(code, "families", snapshot.families);
}

}  // namespace flowbroker::history
