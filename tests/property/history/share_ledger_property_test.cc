#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "broker/history/share_ledger.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::history {
namespace {

std::vector<ShareRecord> AnyRecords() {
  const auto record = rc::gen::exec([] {
    const auto priority = *rc::gen::element<std::uint16_t>(0, 10, 65535);
    const auto weight = *rc::gen::element<std::uint16_t>(0, 0, 1, 5, 10, 100, 65535);
    return ShareRecord{priority, weight, "host", 5060};
  });
  return *rc::gen::nonEmpty(rc::gen::container<std::vector<ShareRecord>>(record));
}

std::vector<bool> AnyFlags(std::size_t count) {
  std::vector<bool> flags(count);
  for (std::size_t i = 0; i < count; ++i) flags[i] = *rc::gen::arbitrary<bool>();
  return flags;
}

/// A ledger with any past: records come and go, the named one serves or another.
struct LivedThrough {
  LivedThrough() : random(*rc::gen::arbitrary<std::uint64_t>()), ledger(AnyRecords(), random) {
    usable.assign(ledger.records().size(), true);
    const int turns = *rc::gen::inRange(0, 30);
    for (int turn = 0; turn < turns; ++turn) {
      if (*rc::gen::inRange(0, 3) == 0) ledger.SetUsable(usable = AnyFlags(usable.size()));
      const auto other = *rc::gen::inRange<std::size_t>(0, usable.size());
      const bool obeyed = *rc::gen::arbitrary<bool>();
      const int requests = *rc::gen::element(1, 2, 10, 1000);
      for (int i = 0; i < requests; ++i) ledger.Served(obeyed ? ledger.Next() : other);
    }
  }

  bool TakesPart(std::size_t record) const {
    const bool any = std::ranges::find(usable, true) != usable.end();
    const auto in_use = [&](std::size_t i) { return !any || usable[i]; };
    if (!in_use(record)) return false;
    for (std::size_t i = 0; i < usable.size(); ++i) {
      if (in_use(i) && ledger.records()[i].priority < ledger.records()[record].priority) return false;
    }
    return true;
  }
  double Weight(std::size_t record) const {
    return TakesPart(record) ? std::max<double>(ledger.records()[record].weight, 1) : 0;
  }

  testing::SeededRandom random;
  ShareLedger ledger;
  std::vector<bool> usable;
};

RC_GTEST_PROP(ShareLedgerProperty, NamesARecordOfTheLowestUsablePriority, ()) {
  const LivedThrough past;
  RC_ASSERT(past.TakesPart(past.ledger.Next()));
}

RC_GTEST_PROP(ShareLedgerProperty, WhateverHappenedTheSharesComeBack, ()) {
  LivedThrough past;
  const std::size_t count = past.usable.size();
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += past.Weight(i);
  std::vector<int> got(count);
  for (int requests = 1; requests <= 4000; ++requests) {
    const std::size_t next = past.ledger.Next();
    past.ledger.Served(next);
    ++got[next];
    // At no time is a record further from its share than the limit of debt allows: no burst, no starving.
    const double promised = requests * past.Weight(next) / sum;
    RC_ASSERT(std::abs(got[next] - promised) <= 2 * ShareLedger::kLargestCredit + static_cast<double>(count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const double promised = 4000 * past.Weight(i) / sum;
    RC_ASSERT(std::abs(got[i] - promised) <= 2 * ShareLedger::kLargestCredit + static_cast<double>(count));
  }
}

RC_GTEST_PROP(ShareLedgerProperty, ARecordThatComesBackGetsItsShareAndNoMore_S5, ()) {
  LivedThrough past;
  const std::size_t count = past.usable.size();
  const auto back = *rc::gen::inRange<std::size_t>(0, count);
  std::vector<bool> usable(count, true);
  usable[back] = false;
  past.ledger.SetUsable(past.usable = usable);
  if (count > 1) RC_PRE(past.TakesPart(past.ledger.Next()));
  for (int i = 0; i < 5000; ++i) past.ledger.Served(past.ledger.Next());  // what was before is settled
  past.ledger.SetUsable(past.usable = std::vector<bool>(count, true));
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += past.Weight(i);
  const double share = past.Weight(back) / sum;
  int got = 0;
  for (int requests = 1; requests <= 200; ++requests) {
    const std::size_t next = past.ledger.Next();
    past.ledger.Served(next);
    if (next == back) ++got;
    if (count > 1) RC_ASSERT(got <= share * requests + 3);
  }
}

}  // namespace
}  // namespace flowbroker::history
