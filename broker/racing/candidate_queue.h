#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "broker/base/target.h"

namespace flowbroker::racing {

/// A target that may be tried. Candidates of one `group` (host name) may be reordered among themselves by family
/// alternation; groups keep their order (D3).
struct Candidate {
  Target target;
  std::size_t group;  ///< host rank; candidates of a group are adjacent
};

/// The candidates of one race, best first, and which of them have been tried.
///
/// The list is never reordered: it stays in the order of RFC 3263 and RFC 6724, and Take picks from it so that families
/// alternate within a group. That way a candidate that arrives late takes its place without disturbing anything.
class CandidateQueue {
 public:
  /// Replaces the list by all candidates known now. A target taken before counts as tried wherever it appears.
  void Update(std::span<const Candidate> candidates);

  /// Whether Take has something to give.
  bool HasUntried() const { return FirstUntried() != kNone; }

  /// The candidate to try next, marked as tried; nothing when all have been. It is of the first group that has an
  /// untried one: of the family that was not tried last in this group where there is one (D5, S2; RFC 8305 s.4 with a
  /// "First Address Family Count" of 1), else the first.
  std::optional<Target> Take();

  /// Place of `target` in the list, 0 being the best; targets that left the list come after all others.
  std::size_t RankOf(const Target& target) const;

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Entry {
    Candidate candidate;
    std::size_t turn;  // place in tried_; kNone: not tried
  };

  std::size_t FirstUntried() const;
  std::size_t FirstUntried(std::size_t group, AddressFamily family) const;
  std::optional<AddressFamily> FamilyTriedLast(std::size_t group) const;
  std::size_t TurnOf(const Target& target) const;

  std::vector<Entry> entries_;
  std::vector<Target> tried_;  // in the order of Take
};

}  // namespace flowbroker::racing
