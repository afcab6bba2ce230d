// The pure hot paths, by Google Benchmark: reading a message head, framing a stream, finding a flow, one race, asking
// memory; and what memory takes per target and prefix.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "broker/engine/shared_history.h"
#include "broker/flow/flow_pool.h"
#include "broker/history/family_history.h"
#include "broker/history/reachability_history.h"
#include "broker/racing/race.h"
#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"

namespace flowbroker::bench {
namespace {

constexpr std::size_t kMessageBytes = 500;

std::string Message() {
  const std::string head =
      "MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK-0123456789;rport\r\n"
      "Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=49583\r\nTo: <sip:bob@example.org>\r\n"
      "Call-ID: 843817637684230@198sdasdh09\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: ";
  const std::size_t body = kMessageBytes - head.size() - 7;
  return head + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
}

void ReadHead(benchmark::State& state) {
  const std::string message = Message();
  for (auto _ : state) benchmark::DoNotOptimize(sip::ReadMessageHead(message));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReadHead);

// As a busy socket gives them: reads of `range` octets out of a stream of messages.
void Frame(benchmark::State& state) {
  constexpr std::size_t kMessages = 256;
  std::string stream;
  for (std::size_t n = 0; n < kMessages; ++n) stream += Message();
  const auto cut = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    sip::MessageFramer framer(sip::FramerLimits{});
    std::size_t found = 0;
    for (std::size_t at = 0; at < stream.size(); at += cut) {
      framer.Append(std::string_view(stream).substr(at, cut));
      while (framer.Next()) ++found;
      framer.Compact();
    }
    if (found != kMessages) state.SkipWithError("messages were lost");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kMessages));
}
BENCHMARK(Frame)->Arg(kMessageBytes)->Arg(1460)->Arg(65536);

class SeededRandom final : public RandomSource {
 public:
  std::uint64_t NextBits() override { return engine_(); }

 private:
  std::mt19937_64 engine_{1};
};

Target TargetNumber(std::uint32_t number) {
  const auto octet = [number](int shift) { return static_cast<std::uint8_t>(number >> shift); };
  return {.endpoint = {.address = IpAddress::FromIpv4({10, octet(16), octet(8), octet(0)}), .port = 5060},
          .transport = Transport::kTcp};
}

// A pool of `range` flows to as many targets.
struct FilledPool {
  explicit FilledPool(std::uint32_t count) : pool(flow::PoolLimits{}, random) {
    for (std::uint32_t n = 0; n < count; ++n) {
      ids.push_back(flow::FlowId::Make(0, random));
      pool.Add(ids.back(), {.remote = TargetNumber(n)}, {n}, TargetNumber(0).endpoint, {}, false, TimePoint{});
    }
  }
  SeededRandom random;
  std::vector<flow::FlowId> ids;
  flow::FlowPool pool;
};

void FindById(benchmark::State& state) {
  FilledPool filled(static_cast<std::uint32_t>(state.range(0)));
  std::size_t n = 0;
  for (auto _ : state) {
    n = (n + 7919) % filled.ids.size();
    benchmark::DoNotOptimize(filled.pool.Find(filled.ids[n]));
  }
}
BENCHMARK(FindById)->Arg(1)->Arg(100'000);

void FindShareable(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  FilledPool filled(count);
  flow::FlowKey key{.remote = TargetNumber(0)};
  std::uint32_t n = 0;
  for (auto _ : state) {
    n = (n + 7919) % count;
    key.remote = TargetNumber(n);
    benchmark::DoNotOptimize(filled.pool.FindShareable(key));
  }
}
BENCHMARK(FindShareable)->Arg(1)->Arg(100'000);

// From the list of candidates to the winner: the first is silent, the second completes.
void RaceOfTwo(benchmark::State& state) {
  using namespace racing;
  const std::vector<Candidate> candidates{{TargetNumber(1), 0}, {TargetNumber(2), 0}};
  for (auto _ : state) {
    TimePoint now{};
    Race race(RaceOptions{}, {});
    benchmark::DoNotOptimize(race.On(CandidatesChanged{candidates, true, false}, now));
    now = race.NextDeadline();
    benchmark::DoNotOptimize(race.On(TimerFired{}, now));
    now += std::chrono::milliseconds(20);
    benchmark::DoNotOptimize(race.On(AttemptSucceeded{AttemptId{1}}, now));
    if (!race.finished()) state.SkipWithError("the race was not won");
  }
}
BENCHMARK(RaceOfTwo);

// A memory of `range` targets, 256 in each prefix, that all answered: in an order in which neighbours are far apart.
struct FilledMemory {
  explicit FilledMemory(std::uint32_t count) : history({.max_targets = count, .max_prefixes = count}, families) {
    for (std::uint32_t n = 0; n < count; ++n) {
      const auto rtt = std::chrono::milliseconds(20);
      const auto scattered = static_cast<std::uint32_t>(std::uint64_t{n} * 7919 % count);
      history.Record({{{}, TargetNumber(scattered)}, AttemptStage::kTcp, std::nullopt, rtt, rtt}, TimePoint{});
    }
  }
  history::FamilyHistory families;
  history::ReachabilityHistory history;
};

// What a request asks of memory for each of its targets: verdict and expectation.
void AskMemory(benchmark::State& state, const std::vector<history::Path>& paths) {
  const FilledMemory memory(static_cast<std::uint32_t>(state.range(0)));
  std::size_t n = 0;
  for (auto _ : state) {
    const history::Path& path = paths[n++ % paths.size()];
    benchmark::DoNotOptimize(memory.history.Judge(path, TimePoint{}));
    benchmark::DoNotOptimize(memory.history.Expect(path, AttemptStage::kTcp, TimePoint{}));
  }
}

// The same 1,000 targets again and again, whatever else is known.
void AskMemoryOfTheBusy(benchmark::State& state) {
  std::vector<history::Path> paths;
  for (std::uint32_t n = 0; n < 1000; ++n) paths.push_back({{}, TargetNumber(n * 619 % 1000)});
  AskMemory(state, paths);
}
BENCHMARK(AskMemoryOfTheBusy)->Arg(1'000)->Arg(1'000'000);

// Any of all that are known, each as likely as any other: every look-up misses the cache.
void AskMemoryOfAny(benchmark::State& state) {
  SeededRandom random;
  std::vector<history::Path> paths;
  const auto last = static_cast<std::uint64_t>(state.range(0) - 1);
  for (int i = 0; i < 50'000; ++i) {
    paths.push_back({{}, TargetNumber(static_cast<std::uint32_t>(UniformUpTo(random, last)))});
  }
  AskMemory(state, paths);
}
BENCHMARK(AskMemoryOfAny)->Arg(1'000)->Arg(1'000'000);

void RecordInMemory(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  FilledMemory memory(count);
  std::uint32_t n = 0;
  const auto rtt = std::chrono::milliseconds(20);
  for (auto _ : state) {
    n = (n + 7919) % count;
    memory.history.Record({{{}, TargetNumber(n)}, AttemptStage::kTcp, std::nullopt, rtt, rtt}, TimePoint{});
  }
}
BENCHMARK(RecordInMemory)->Arg(1'000)->Arg(1'000'000);

// What two shards do at once with the memory they share, each with targets of its own: one attempt judged and recorded.
void JudgeAndRecordInSharedMemory(benchmark::State& state) {
  static engine::EventLog<engine::PreferenceEvent> events(1);
  static engine::SharedHistory history({}, events);
  const auto first = static_cast<std::uint32_t>(state.thread_index()) << 20U;
  const auto rtt = std::chrono::milliseconds(20);
  std::uint32_t n = 0;
  for (auto _ : state) {
    n = (n + 7919) % 10'000;
    const history::Path path{{}, TargetNumber(first + n)};
    benchmark::DoNotOptimize(history.Judge(path, TimePoint{}));
    history.Record({path, AttemptStage::kTcp, std::nullopt, rtt, rtt}, TimePoint{});
  }
}
BENCHMARK(JudgeAndRecordInSharedMemory)->Threads(1)->Threads(2)->UseRealTime();

// Growth of the heap from half of the entries to all, per entry.
template <typename Add>
void MeasureBytes(benchmark::State& state, Add&& add) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    history::FamilyHistory families;
    history::ReachabilityHistory history({.max_targets = count, .max_prefixes = count}, families);
    const auto heap = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
    for (std::uint32_t n = 0; n < count / 2; ++n) add(history, n);
    const std::size_t before = heap();
    for (std::uint32_t n = count / 2; n < count; ++n) add(history, n);
    state.counters["bytes_per_entry"] = static_cast<double>(heap() - before) / (count - count / 2);
  }
}

void BytesPerTarget(benchmark::State& state) {
  MeasureBytes(state, [](history::ReachabilityHistory& history, std::uint32_t n) {
    history.Record({{{}, TargetNumber(n)}, AttemptStage::kTcp, std::nullopt, std::nullopt}, TimePoint{});
  });
}
BENCHMARK(BytesPerTarget)->Arg(1'000'000)->Iterations(1);

void BytesPerPrefix(benchmark::State& state) {
  MeasureBytes(state, [](history::ReachabilityHistory& history, std::uint32_t n) {
    const history::Path path{{}, TargetNumber(n * 256)};
    history.RecordRace(path, {&path, 1}, TimePoint{});
  });
}
BENCHMARK(BytesPerPrefix)->Arg(60'000)->Iterations(1);

}  // namespace
}  // namespace flowbroker::bench

BENCHMARK_MAIN();
