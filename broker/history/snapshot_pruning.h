#pragma once

#include "broker/base/time.h"
#include "broker/history/history_options.h"
#include "broker/history/snapshot.h"

namespace flowbroker::history {

/// Leaves out of a snapshot what the memory it is for has no use for: targets, prefixes and families about which there
/// was no evidence for a lifetime (S6), those of networks that the snapshot does not name, and, where addresses are
/// divided otherwise today, all prefixes and what follows from them. What lies further in the future than memory itself
/// would put it is moved back: events to now, the next head start by at most a hold, the next re-probe by at most the
/// longest interval, and the end of a 503 by at most a lifetime (H3).
void Prune(Snapshot& snapshot, TimePoint now, const HistoryOptions& options);

}  // namespace flowbroker::history
