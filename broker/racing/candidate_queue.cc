#include "broker/racing/candidate_queue.h"

#include <algorithm>

namespace flowbroker::racing {
namespace {

AddressFamily OtherThan(AddressFamily family) {
  return family == AddressFamily::kIpv4 ? AddressFamily::kIpv6 : AddressFamily::kIpv4;
}

}  // namespace

void CandidateQueue::Update(std::span<const Candidate> candidates) {
  entries_.clear();
  entries_.reserve(candidates.size());
  for (const Candidate& candidate : candidates) entries_.push_back({candidate, TurnOf(candidate.target)});
}

std::optional<Target> CandidateQueue::Take() {
  std::size_t next = FirstUntried();
  if (next == kNone) return std::nullopt;

  // draft-worley-sip-he-connection, "Multiple A and AAAA": "the next target SHOULD be chosen from the other address
  // family."
  const std::size_t group = entries_[next].candidate.group;
  if (const auto last = FamilyTriedLast(group)) {
    const std::size_t alternate = FirstUntried(group, OtherThan(*last));
    if (alternate != kNone) next = alternate;
  }

  const Target target = entries_[next].candidate.target;
  for (Entry& entry : entries_) {  // two SRV records may lead to one address: it is tried once
    if (entry.candidate.target == target) entry.turn = tried_.size();
  }
  tried_.push_back(target);
  return target;
}

std::size_t CandidateQueue::RankOf(const Target& target) const {
  const auto same = [&](const Entry& entry) { return entry.candidate.target == target; };
  return static_cast<std::size_t>(std::find_if(entries_.begin(), entries_.end(), same) - entries_.begin());
}

std::size_t CandidateQueue::FirstUntried() const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].turn == kNone) return i;
  }
  return kNone;
}

std::size_t CandidateQueue::FirstUntried(std::size_t group, AddressFamily family) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto& [candidate, turn] = entries_[i];
    if (turn == kNone && candidate.group == group && candidate.target.family() == family) return i;
  }
  return kNone;
}

std::optional<AddressFamily> CandidateQueue::FamilyTriedLast(std::size_t group) const {
  const Entry* last = nullptr;
  for (const Entry& entry : entries_) {
    if (entry.candidate.group != group || entry.turn == kNone) continue;
    if (last == nullptr || entry.turn > last->turn) last = &entry;
  }
  if (last == nullptr) return std::nullopt;
  return last->candidate.target.family();
}

std::size_t CandidateQueue::TurnOf(const Target& target) const {
  const auto found = std::find(tried_.begin(), tried_.end(), target);
  return found == tried_.end() ? kNone : static_cast<std::size_t>(found - tried_.begin());
}

}  // namespace flowbroker::racing
