#pragma once

#include <span>
#include <vector>

#include "broker/history/verdict.h"
#include "broker/racing/candidate_queue.h"

namespace flowbroker::racing {

/// A candidate and what memory says of it.
struct JudgedCandidate {
  Candidate candidate;
  history::Verdict verdict;
};

/// The candidates, which come in the order of RFC 3263 and RFC 6724, in the order in which they should be tried:
///
/// - unreachable ones behind everything else (S3), hosts in their order;
/// - hosts whose server said 503, with all their addresses, behind the other hosts (D6): it is the server that is busy,
///   not the path;
/// - within a host a family with an unreachable target behind the other family (S2), except for targets that answered
///   lately themselves, or get their head start back in this race (H3); then slow ones, which lost their head start
///   before.
///
/// Otherwise the order stays. Groups are numbered anew: what is set back no longer alternates with its former
/// neighbours. Where nothing but unreachable candidates is left, nothing is better than the given order.
std::vector<Candidate> OrderByReachability(std::span<const JudgedCandidate> judged);

}  // namespace flowbroker::racing
